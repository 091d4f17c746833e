//! What the stubs do with bytes, and what they say when something is wrong with them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use labrpc::{ClientEnd, DispatchError, MethodName, Place, RpcError, Service, Transport};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    x: u64,
    y: Option<String>,
}

/// Reads what it never writes.
#[derive(Debug, Deserialize)]
struct Crooked(#[allow(dead_code)] String);

impl Serialize for Crooked {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(1)
    }
}

labrpc::service! {
    /// Mirrors points.
    trait Mirror {
        /// The same point.
        fn mirror(&self, args: Point) -> Point;
        /// A number that labgob refuses to write.
        fn huge(&self, args: u128) -> u128;
        /// A reply that cannot be read.
        fn crooked(&self, args: u64) -> Crooked;
    }
    /// Calls a [`Mirror`].
    client MirrorClient;
}

#[derive(Default)]
struct Glass {
    handled: AtomicU32,
}

impl Mirror for Glass {
    fn mirror(&self, args: Point) -> Point {
        self.handled.fetch_add(1, Ordering::SeqCst);
        args
    }
    fn huge(&self, args: u128) -> u128 {
        args
    }
    fn crooked(&self, _: u64) -> Crooked {
        Crooked(String::new())
    }
}

/// Carries requests straight to a service, or nowhere.
struct Wire(Option<Service>);

impl Transport for Wire {
    fn call(&self, method: MethodName, args: Vec<u8>, place: Place) -> Option<Vec<u8>> {
        assert_eq!(place.file(), file!(), "the place of a call is the caller's");
        assert_eq!(method.service, "Mirror");
        self.0.as_ref()?.dispatch(method.method, &args).ok()
    }
}

fn client(service: Option<Service>) -> MirrorClient {
    MirrorClient::new(ClientEnd::new(Arc::new(Wire(service))))
}

#[test]
fn a_call_reaches_the_method_of_its_name_with_values() {
    let glass = Arc::new(Glass::default());
    let client = client(Some(Arc::clone(&glass).into_service()));
    let point = Point { x: 1, y: Some("y".to_owned()) };
    assert_eq!(client.mirror(&point).expect("a sound wire"), point);
    assert_eq!(glass.handled.load(Ordering::SeqCst), 1, "handled once");
}

#[test]
fn a_service_knows_its_name_and_its_methods_in_order() {
    let service = Arc::new(Glass::default()).into_service();
    assert_eq!(service.name(), "Mirror");
    assert_eq!(service.methods(), ["mirror", "huge", "crooked"]);
}

#[test]
fn no_reply_says_that_the_causes_cannot_be_told_apart() {
    let error = client(None).mirror(&Point { x: 1, y: None }).expect_err("no wire");
    assert!(matches!(error, RpcError::NoReply));
    assert_eq!(
        error.to_string(),
        "no reply: the request was lost, the reply was lost, or the server is down"
    );
}

#[test]
fn arguments_that_cannot_be_written_are_never_sent() {
    let client = client(Some(Arc::new(Glass::default()).into_service()));
    let error = client.huge(&u128::MAX).expect_err("labgob has no u128");
    assert!(matches!(error, RpcError::Encode { .. }));
    let text = error.to_string();
    assert!(text.starts_with("the arguments of Mirror.huge cannot be sent: "), "{text}");
}

#[test]
fn a_reply_that_cannot_be_read_is_told_from_no_reply() {
    let client = client(Some(Arc::new(Glass::default()).into_service()));
    let error = client.crooked(&1).expect_err("a number is no string");
    assert!(matches!(error, RpcError::Decode { .. }));
    let text = error.to_string();
    assert!(text.starts_with("the reply to Mirror.crooked cannot be read: "), "{text}");
}

#[test]
fn an_unknown_method_is_an_error_that_lists_the_known_ones() {
    let service = Arc::new(Glass::default()).into_service();
    let error = service.dispatch("mirrored", &[]).expect_err("no such method");
    assert_eq!(
        error.to_string(),
        "service `Mirror` has no method `mirrored`; it has `mirror`, `huge`, `crooked`"
    );
}

#[test]
fn bytes_of_another_type_are_an_error_before_the_handler_runs() {
    let glass = Arc::new(Glass::default());
    let service = Arc::clone(&glass).into_service();
    let bytes = labgob::to_bytes("no point").expect("a string can be written");
    let error = service.dispatch("mirror", &bytes).expect_err("a string is no point");
    assert!(matches!(error, DispatchError::Decode { .. }));
    let text = error.to_string();
    assert!(text.starts_with("the arguments of Mirror.mirror cannot be read: "), "{text}");
    assert_eq!(glass.handled.load(Ordering::SeqCst), 0, "not handled");
}

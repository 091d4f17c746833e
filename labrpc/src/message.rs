//! What can be an argument or a reply.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A type that can be an argument or a reply of an RPC: it can be turned into bytes and back.
///
/// Every type with `#[derive(Serialize, Deserialize)]` and without borrowed parts is one; there
/// is nothing to implement.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel in an RPC: it cannot be turned into bytes and back",
    label = "not a type that can be sent",
    note = "add `#[derive(serde::Serialize, serde::Deserialize)]` to `{Self}` and to every type in it",
    note = "what refers to memory (`&T`, `Rc`, `Arc`, `Mutex`) cannot be sent: send the values themselves"
)]
pub trait Message: Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Message for T {}

//! Typed remote procedure calls between lab servers: the side that students see.
//!
//! [`service!`] turns a list of methods into a trait that a server implements and a client that
//! calls it over a [`ClientEnd`]; nobody writes the name of a method as a string.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use std::sync::Arc;
//!
//! #[derive(Serialize, Deserialize)]
//! pub struct GreetArgs { pub name: String }
//! #[derive(Serialize, Deserialize, Debug, PartialEq)]
//! pub struct GreetReply { pub text: String }
//!
//! labrpc::service! {
//!     /// A server that greets.
//!     pub trait Greeting {
//!         /// Greets one person.
//!         fn greet(&self, args: GreetArgs) -> GreetReply;
//!     }
//!     /// Asks a [`Greeting`] server.
//!     pub client GreetingClient;
//! }
//!
//! struct Polite;
//! impl Greeting for Polite {
//!     fn greet(&self, args: GreetArgs) -> GreetReply {
//!         GreetReply { text: format!("good day, {}", args.name) }
//!     }
//! }
//!
//! // What the network does with a server: it finds the method by name and hands it bytes.
//! let service: labrpc::Service = Arc::new(Polite).into_service();
//!
//! // In the lab the harness makes the ends. This one goes straight to the service.
//! struct Direct(labrpc::Service);
//! impl labrpc::Transport for Direct {
//!     fn call(&self, method: labrpc::MethodName, args: Vec<u8>, _: labrpc::Place) -> Option<Vec<u8>> {
//!         self.0.dispatch(method.method, &args).ok()
//!     }
//! }
//! let end = labrpc::ClientEnd::new(Arc::new(Direct(service)));
//!
//! let client = GreetingClient::new(end);
//! let reply = client.greet(&GreetArgs { name: "Ada".into() })?;
//! assert_eq!(reply.text, "good day, Ada");
//! # Ok::<(), labrpc::RpcError>(())
//! ```
//!
//! # What a call promises
//! * It **always returns**, unless the handler on the other side never returns. There is no need
//!   to put a time limit around it. How long it takes is not promised: a call to a server that is
//!   cut off may take seven seconds to say so, hence rule S3: every call in a thread of its own.
//! * [`RpcError::NoReply`] means that the request was lost, **or** that the reply was lost, **or**
//!   that the server is down or cut off. The caller cannot tell which: the handler may have run.
//! * Any number of calls may be under way on one end, from any number of threads.
//! * No order is promised. Of two calls, the second may be handled first, and a reply may come
//!   long after the next one (rule S4).
//! * Arguments and replies travel as bytes, through labgob. Caller and handler never share
//!   memory, and nothing that is changed after the call is seen by the other side.
//! * A call waits: never make one under a lock (rule L4).
//!
//! # What is not here
//! The network itself. Ends are given to a server by whoever starts it; losing messages, cutting
//! links and counting calls is `labrpc-host`, which a submission does not depend on and cannot
//! name:
//!
//! ```compile_fail,E0432
//! use labrpc_host::Network;
//! ```
//! ```compile_fail,E0432
//! use labrt_host::Machine;
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | `service` | what a server registers: named methods that take and give bytes |
//! | `end` | the caller's side, and the [`Transport`] under it |
//! | `macros` | [`service!`] |
//! | `message` | what can be an argument or a reply |
//! | `error` | why a call gave no reply; why a request could not be handled |

#![forbid(unsafe_code)]

mod end;
mod error;
mod macros;
mod message;
mod service;

pub use end::{ClientEnd, MethodName, Place, Transport};
pub use error::{DispatchError, RpcError};
pub use message::Message;
pub use service::Service;

#[doc(hidden)]
pub mod __private;

//! The host side of labrpc: the network itself, its faults, counters, tap and holds.
//!
//! A [`Network`] lives inside a run of `labrt-host`, under either clock. It makes the ends that
//! servers are given, knows which server stands under which name, and decides what happens to
//! every message: with the classic switches (reliable, long delays, long reordering), and beyond
//! them with links that are cut one way, lose or delay, with duplicated requests and with a
//! latency model. A [`Tap`] is shown every message with its content by field name, and a
//! [`Hold`] keeps single messages back until told to let them go. Neither costs anything while
//! nobody uses it.
//!
//! ```
//! use labrpc_host::{EndSpec, Network, Server};
//! use labrt_host::{Machine, RunConfig};
//! use std::sync::Arc;
//!
//! labrpc::service! {
//!     /// Doubles numbers.
//!     pub trait Doubling {
//!         /// Twice as much.
//!         fn double(&self, args: u64) -> u64;
//!     }
//!     /// Asks a [`Doubling`] server.
//!     pub client DoublingClient;
//! }
//! struct Doubler;
//! impl Doubling for Doubler {
//!     fn double(&self, args: u64) -> u64 { 2 * args }
//! }
//!
//! let outcome = labrt_host::run(&RunConfig::virtual_time(1), || {
//!     let network = Network::new();
//!     let end = network.make_end("client").unwrap();
//!     network.connect("client", "server").unwrap();
//!     network.enable("client", true).unwrap();
//!
//!     let machine = Machine::new("server");
//!     let service = Arc::new(Doubler).into_service();
//!     network.add_server("server", Server::new(&machine, [service]).unwrap());
//!
//!     assert_eq!(DoublingClient::new(end.clone()).double(&21).unwrap(), 42);
//!     machine.crash();
//!     assert!(DoublingClient::new(end).double(&21).is_err());
//!     assert_eq!(network.total_count(), 2);
//! });
//! assert!(outcome.result.is_ok());
//! ```
//!
//! # What is the same as in the classic network
//! Which calls are delayed, lost, failed and counted, when, and how often. What differs:
//! * Delays are events, not threads: nothing runs for a message that is under way.
//! * Everything random about a call is drawn when it is made, in the order of the calls.
//! * The look that the classic network takes at each running call every 100 ms is taken only
//!   when a switch was thrown, at the same moment: see [`Network::enable`].
//! * A wrong name is an error; calling a method that the server has not registered ends the run
//!   with a message that lists the choices and names the line that called.
//!
//! # What is not here
//! What a submission sees of all this: the ends and stubs of `labrpc`.
//!
//! | module | what it holds |
//! |---|---|
//! | `network` | the handle: ends, servers, switches, counters |
//! | `links` | latency, duplicates, and the settings of single links |
//! | `registry` | who there is, by name and by number |
//! | `server` | what stands under a name |
//! | `faults`, `latency` | what may happen to a message, and the plan drawn for a call |
//! | `delivery` | the life of one call |
//! | `in_flight` | calls whose handlers run, and when each is found dead |
//! | `counts` | totals |
//! | `message`, `tap`, `hold`, `watch` | messages by field name; seeing them; keeping them back |
//! | `shared` | what all handles of a network share |
//! | `error` | misuse |

#![forbid(unsafe_code)]

mod counts;
mod delivery;
mod error;
mod faults;
mod hold;
mod in_flight;
mod latency;
mod links;
mod message;
mod network;
mod registry;
mod server;
mod shared;
mod tap;
mod watch;

pub use error::{HoldError, NetworkError};
pub use faults::{Duplicates, LinkSettings};
pub use hold::Hold;
pub use latency::Delay;
pub use message::{CallId, Direction, HeldMessage, Message};
pub use network::{EndSpec, Network};
pub use server::Server;
pub use tap::{Cause, Event, Stage, Tap};

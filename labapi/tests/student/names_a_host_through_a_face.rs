//~ no `labrt_host` in the root
//~ no `Network` in the root
pub use labapi::labrt_host;
pub use labrpc::Network;

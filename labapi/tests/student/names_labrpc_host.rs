//~ labrpc_host
pub use labrpc_host::Network;

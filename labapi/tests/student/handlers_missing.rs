//~ `MyServer` does not handle the RPCs of this service
//~ with one function per method of its `labrpc::service!` list
use std::sync::Arc;

labrpc::service! {
    pub trait PingRpc {
        fn ping(&self, args: u64) -> u64;
    }
    pub client PingClient;
}

pub struct MyServer;
pub fn serve() -> labrpc::Service {
    PingRpc::into_service(Arc::new(MyServer))
}

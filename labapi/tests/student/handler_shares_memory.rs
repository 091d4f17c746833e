//~ cannot travel in an RPC
labrpc::service! {
    pub trait PingRpc {
        fn ping(&self, args: std::rc::Rc<u64>) -> u64;
    }
    pub client PingClient;
}

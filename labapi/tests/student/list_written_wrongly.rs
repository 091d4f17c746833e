//~ labrpc::service! expects, in this order:
//~ fn my_method(&self, args: MyArgs) -> MyReply;
//~ pub client MyServiceClient;
labrpc::service! {
    pub trait PingRpc {
        fn ping(&mut self, args: u64);
    }
}

//~ `PingArgs` cannot travel in an RPC
//~ add `#[derive(serde::Serialize, serde::Deserialize)]` to `PingArgs`
pub struct PingArgs;

labrpc::service! {
    pub trait PingRpc {
        fn ping(&self, args: PingArgs) -> u64;
    }
    pub client PingClient;
}

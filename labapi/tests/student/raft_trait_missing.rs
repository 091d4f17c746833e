//~ `MyRaft` is not a Raft that the battery can run: it does not implement `labapi::Raft`
//~ write `impl labapi::Raft for MyRaft` with make, start, state, snapshot, kill and services
pub struct MyRaft;

fn battery<R: labapi::Raft>() {}
pub fn bind() {
    battery::<MyRaft>();
}

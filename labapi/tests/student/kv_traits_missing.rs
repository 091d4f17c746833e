//~ `MyServer` is not a key/value server that the battery can run
//~ `MyClerk` is not a clerk that the battery can use
pub struct MyServer;
pub struct MyClerk;

fn battery<S: labapi::KvServer, C: labapi::KvClerk>() {}
pub fn bind() {
    battery::<MyServer, MyClerk>();
}

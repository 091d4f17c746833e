//! `service!`: a trait for the server and a client for its callers, from one list of methods.

/// Makes an RPC service out of a list of methods.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// #[derive(Serialize, Deserialize)]
/// pub struct AddArgs { pub a: u64, pub b: u64 }
/// #[derive(Serialize, Deserialize)]
/// pub struct AddReply { pub sum: u64 }
///
/// labrpc::service! {
///     /// A server that adds.
///     pub trait Adding {
///         /// The sum of two numbers.
///         fn add(&self, args: AddArgs) -> AddReply;
///     }
///     /// Asks an [`Adding`] server.
///     pub client AddingClient;
/// }
/// ```
///
/// This gives
/// * the trait `Adding`, to be implemented by the server. Its methods are the handlers: each
///   request runs in a thread of its own, so several run at once, and a lock decides who goes
///   first. The trait asks for `Send + Sync + 'static`.
/// * `Adding::into_service(Arc<Self>)`, the [`Service`](crate::Service) to register with the
///   network.
/// * the struct `AddingClient`, made by `AddingClient::new(end)` from a
///   [`ClientEnd`](crate::ClientEnd), with the same methods:
///   `fn add(&self, args: &AddArgs) -> Result<AddReply, RpcError>`. What such a call promises is
///   told in the docs of the [crate](crate#what-a-call-promises).
///
/// Each method has exactly one argument and one reply type, both with
/// `#[derive(Serialize, Deserialize)]` and without borrowed parts. A method that needs no
/// argument or gives nothing back uses an empty struct or `()`.
#[macro_export]
macro_rules! service {
    (
        $(#[$trait_attribute:meta])*
        $vis:vis trait $Trait:ident {
            $(
                $(#[$method_attribute:meta])*
                fn $method:ident(&self, $args:ident: $Args:ty $(,)?) -> $Reply:ty;
            )+
        }

        $(#[$client_attribute:meta])*
        $client_vis:vis client $Client:ident;
    ) => {
        $(#[$trait_attribute])*
        #[diagnostic::on_unimplemented(
            message = "`{Self}` does not handle the RPCs of this service",
            label = "the service's trait is not implemented for `{Self}`",
            note = "write `impl <the trait of the service> for {Self}`, with one function per method of its `labrpc::service!` list"
        )]
        $vis trait $Trait: ::core::marker::Send + ::core::marker::Sync + 'static {
            $(
                $(#[$method_attribute])*
                fn $method(&self, $args: $Args) -> $Reply;
            )+

            /// What to register with the network, so that requests reach these methods. Keeps
            /// `self` alive. Not to be overridden.
            fn into_service(self: ::std::sync::Arc<Self>) -> $crate::Service
            where
                Self: ::core::marker::Sized,
            {
                const METHODS: &[&str] = &[$(stringify!($method)),+];
                $crate::Service::__new(stringify!($Trait), METHODS, move |method, args| match method {
                    $(
                        stringify!($method) => $crate::__private::answer::<$Args, $Reply>(
                            $crate::MethodName { service: stringify!($Trait), method: stringify!($method) },
                            args,
                            |args| <Self as $Trait>::$method(&self, args),
                        ),
                    )+
                    _ => $crate::__private::unknown(stringify!($Trait), method, METHODS),
                })
            }
        }

        $(#[$client_attribute])*
        #[derive(Clone, Debug)]
        $client_vis struct $Client {
            end: $crate::ClientEnd,
        }

        #[allow(dead_code)]
        impl $Client {
            /// A client of the server that `end` leads to.
            $client_vis fn new(end: $crate::ClientEnd) -> Self {
                Self { end }
            }

            $(
                $(#[$method_attribute])*
                ///
                /// Waits for the reply, possibly for seconds: never under a lock (rule L4).
                ///
                /// # Errors
                /// `RpcError::NoReply` if no reply came; the handler may have run all the same.
                #[track_caller]
                $client_vis fn $method(
                    &self,
                    $args: &$Args,
                ) -> ::core::result::Result<$Reply, $crate::RpcError> {
                    self.end.call(
                        $crate::MethodName { service: stringify!($Trait), method: stringify!($method) },
                        $args,
                    )
                }
            )+
        }
    };

    ($($anything:tt)*) => {
        ::core::compile_error!(
            "labrpc::service! expects, in this order:\n\
             \n\
             pub trait MyService {\n    \
                 fn my_method(&self, args: MyArgs) -> MyReply;   // one or more, each with one argument and a reply\n\
             }\n\
             pub client MyServiceClient;"
        );
    };
}

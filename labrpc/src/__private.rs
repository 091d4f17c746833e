//! What the code made by `service!` needs. No part of the interface.

use crate::end::MethodName;
use crate::error::DispatchError;
use crate::message::Message;

/// Decodes, handles, encodes.
pub fn answer<A: Message, R: Message>(
    method: MethodName,
    args: &[u8],
    handler: impl FnOnce(A) -> R,
) -> Result<Vec<u8>, DispatchError> {
    let args =
        labgob::from_bytes(args).map_err(|source| DispatchError::Decode { method, source })?;
    let reply = handler(args);
    labgob::to_bytes(&reply).map_err(|source| DispatchError::Encode { method, source })
}

/// No such method.
pub fn unknown(
    service: &'static str,
    method: &str,
    known: &'static [&'static str],
) -> Result<Vec<u8>, DispatchError> {
    Err(DispatchError::UnknownMethod { service, method: method.to_owned(), known })
}

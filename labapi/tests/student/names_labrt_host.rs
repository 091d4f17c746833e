//~ labrt_host
pub use labrt_host::Machine;

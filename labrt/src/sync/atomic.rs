//! Atomics that are scheduling points: under the virtual clock another thread may run between any
//! two operations, so that a read and a dependent write which need one operation are found out.
//!
//! The engine interleaves operations; it does not reorder them as weak memory would.

use std::fmt;
use std::panic::Location;

use labrt_host::EventKind;
use labrt_host::dispatch::{self, Current};

pub use std::sync::atomic::{Ordering, fence};

/// One operation begins.
#[inline]
#[track_caller]
fn point() {
    match dispatch::current() {
        Current::Outside => {}
        Current::Real(thread) => thread.check(),
        Current::Virtual(engine) => {
            engine.point(EventKind::Atomic, Location::caller());
        }
    }
}

macro_rules! atomic {
    ($name:ident, $value:ty, [$($extra:ident),*]) => {
        #[doc = concat!("As `std::sync::atomic::", stringify!($name), "`, each operation a scheduling point.")]
        #[derive(Default)]
        pub struct $name(std::sync::atomic::$name);

        impl $name {
            /// An atomic with this value.
            pub const fn new(value: $value) -> Self {
                Self(std::sync::atomic::$name::new(value))
            }

            /// The value.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                point();
                self.0.load(order)
            }

            /// Replaces the value.
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                point();
                self.0.store(value, order);
            }

            /// Replaces the value; the one before.
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                point();
                self.0.swap(value, order)
            }

            /// Replaces the value if it is `expected`; the one before, in `Ok` if it was.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                expected: $value,
                value: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                point();
                self.0.compare_exchange(expected, value, success, failure)
            }

            /// As `compare_exchange`; may fail without a reason under the real clock.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                expected: $value,
                value: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                point();
                match dispatch::engine() {
                    // Whether the hardware fails without a reason is not the seed's to decide.
                    Some(_) => self.0.compare_exchange(expected, value, success, failure),
                    None => self.0.compare_exchange_weak(expected, value, success, failure),
                }
            }

            /// Replaces the value by what `f` makes of it, in one operation; the one before, in
            /// `Err` if `f` gave `None`.
            #[track_caller]
            pub fn fetch_update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                f: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                point();
                self.0.fetch_update(set_order, fetch_order, f)
            }

            $(
                #[doc = concat!("As std's `", stringify!($extra), "`; the value before.")]
                #[track_caller]
                pub fn $extra(&self, value: $value, order: Ordering) -> $value {
                    point();
                    self.0.$extra(value, order)
                }
            )*

            /// The value, without an operation: `&mut self` proves that nobody else has it.
            pub fn get_mut(&mut self) -> &mut $value {
                self.0.get_mut()
            }

            /// The value.
            pub fn into_inner(self) -> $value {
                self.0.into_inner()
            }
        }

        impl From<$value> for $name {
            fn from(value: $value) -> Self {
                Self::new(value)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

macro_rules! integer {
    ($($name:ident, $value:ty;)*) => {
        $(atomic!($name, $value, [fetch_add, fetch_sub, fetch_and, fetch_or, fetch_xor, fetch_max, fetch_min]);)*
    };
}

atomic!(AtomicBool, bool, [fetch_and, fetch_or, fetch_xor]);
integer! {
    AtomicU8, u8; AtomicU16, u16; AtomicU32, u32; AtomicU64, u64; AtomicUsize, usize;
    AtomicI8, i8; AtomicI16, i16; AtomicI32, i32; AtomicI64, i64; AtomicIsize, isize;
}

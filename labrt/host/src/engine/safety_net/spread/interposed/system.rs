//! What lies beneath the symbols that are defined here: libc's own.

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a thread begins with.
pub(super) type Start = extern "C" fn(*mut c_void) -> *mut c_void;

/// Defines a function that gives libc's own of this name, looked up once.
macro_rules! libcs_own {
    ($name:ident, $kind:ty) => {
        #[inline]
        pub(super) fn $name() -> $kind {
            static ADDRESS: AtomicUsize = AtomicUsize::new(0);
            const NAME: &str = concat!(stringify!($name), "\0");
            let address = match ADDRESS.load(Ordering::Relaxed) {
                0 => next(&ADDRESS, NAME),
                address => address,
            };
            // SAFETY: that is what the C library has under this name.
            unsafe { std::mem::transmute::<usize, $kind>(address) }
        }
    };
}

libcs_own!(clock_gettime, unsafe extern "C" fn(libc::clockid_t, *mut libc::timespec) -> c_int);
libcs_own!(nanosleep, unsafe extern "C" fn(*const libc::timespec, *mut libc::timespec) -> c_int);
libcs_own!(
    clock_nanosleep,
    unsafe extern "C" fn(
        libc::clockid_t,
        c_int,
        *const libc::timespec,
        *mut libc::timespec,
    ) -> c_int
);
libcs_own!(getrandom, unsafe extern "C" fn(*mut c_void, usize, c_uint) -> isize);
libcs_own!(
    pthread_create,
    unsafe extern "C" fn(
        *mut libc::pthread_t,
        *const libc::pthread_attr_t,
        Start,
        *mut c_void,
    ) -> c_int
);

/// Looks the symbols up early: what `dlsym` does is better not done inside a clock call.
pub(super) fn find() {
    clock_gettime();
    nanosleep();
    clock_nanosleep();
    getrandom();
    pthread_create();
}

#[cold]
fn next(address: &AtomicUsize, name: &'static str) -> usize {
    let name = CStr::from_bytes_with_nul(name.as_bytes()).unwrap_or_default();
    // SAFETY: the name ends in a zero.
    let found = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) } as usize;
    if found == 0 {
        // SAFETY: does not come back. A C library without these is none that std runs on.
        unsafe { libc::abort() }
    }
    address.store(found, Ordering::Relaxed);
    found
}

//! Whose code an address is in: the executable's own, or a library's.

use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

static OWN: OnceLock<Vec<(usize, usize)>> = OnceLock::new();

/// Finds the executable's code.
pub(super) fn find() {
    OWN.get_or_init(segments);
}

/// Whether the address is in the code of the executable.
///
/// Code of libc may hold a lock, malloc's first of all, that a thread stopped there would keep.
pub(super) fn is_own(address: usize) -> bool {
    OWN.get_or_init(segments).iter().any(|(from, to)| (*from..*to).contains(&address))
}

fn segments() -> Vec<(usize, usize)> {
    unsafe extern "C" fn first_object(
        info: *mut libc::dl_phdr_info,
        _size: libc::size_t,
        found: *mut c_void,
    ) -> c_int {
        // SAFETY: the loader passes a valid description, and `found` is the vector below.
        let (info, found) = unsafe { (&*info, &mut *found.cast::<Vec<(usize, usize)>>()) };
        // SAFETY: the loader describes as many program headers as it says.
        let headers =
            unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
        for header in headers {
            if header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_X != 0 {
                let from = info.dlpi_addr as usize + header.p_vaddr as usize;
                found.push((from, from + header.p_memsz as usize));
            }
        }
        1 // the executable comes first; the libraries are of no interest
    }

    let mut found: Vec<(usize, usize)> = Vec::new();
    // SAFETY: the callback and its argument fit together, and neither outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(first_object), (&raw mut found).cast()) };
    found
}

//! The two signals of the net: the question where a thread is, and the fault of a used up stack.
//!
//! The question is `SIGURG`: by default it is ignored, so that a stray one does no harm, and
//! debuggers let it pass; Go's runtime uses it for the same purpose. A fault is taken for an
//! overflow if a coroutine runs, and the fault is next to its stack pointer: there is nothing
//! unmapped but the guard page. Any other is left to the handler that was there before, std's as
//! a rule.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;

use super::in_framework;
use crate::dispatch;
use crate::engine::stack;

/// The signal that asks.
pub(super) const ASK: c_int = libc::SIGURG;
const FAULTS: [c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// A function that needs more than a page for its frame touches each page in turn, so the fault is
/// never further from the stack pointer than this.
const NEAR_BYTES: usize = 16 << 10;

/// What the handlers may use: the unwinder needs some 10 KiB.
const STACK_BYTES: usize = 64 << 10;

/// A stack for the handlers on the calling OS thread, until dropped.
pub(crate) struct SignalStack {
    memory: *mut u8,
    before: libc::stack_t,
}

impl SignalStack {
    pub(super) fn none() -> Self {
        // SAFETY: a `stack_t` is a pointer and two numbers.
        Self { memory: std::ptr::null_mut(), before: unsafe { std::mem::zeroed() } }
    }

    pub(crate) fn begin() -> Self {
        let mut stack = Self::none();
        // SAFETY: the memory is owned by the guard, which takes it out of use before it frees it;
        // if it is refused, the stack that std has given the thread stays.
        unsafe {
            stack.memory = std::alloc::alloc(Self::layout());
            if !stack.memory.is_null() {
                let ours =
                    libc::stack_t { ss_sp: stack.memory.cast(), ss_flags: 0, ss_size: STACK_BYTES };
                libc::sigaltstack(&ours, &mut stack.before);
            }
        }
        stack
    }

    fn layout() -> std::alloc::Layout {
        std::alloc::Layout::from_size_align(STACK_BYTES, 16).expect("a size and an alignment")
    }
}

impl Drop for SignalStack {
    fn drop(&mut self) {
        if !self.memory.is_null() {
            // SAFETY: see `begin`; no handler runs now.
            unsafe {
                libc::sigaltstack(&self.before, std::ptr::null_mut());
                std::alloc::dealloc(self.memory, Self::layout());
            }
        }
    }
}

/// What to do about faults that are none of ours; written once, before the handler is there.
static mut BEFORE: [MaybeUninit<libc::sigaction>; 2] = [const { MaybeUninit::uninit() }; 2];

type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

pub(super) fn install() {
    // SAFETY: the handlers have the signature that SA_SIGINFO asks for, and `install` is called
    // once, so that nobody else writes to `BEFORE`.
    unsafe {
        handle(ASK, on_question, libc::SA_RESTART);
        for (index, signal) in FAULTS.into_iter().enumerate() {
            let before = (&raw mut BEFORE).cast::<libc::sigaction>().add(index);
            libc::sigaction(signal, std::ptr::null(), before);
            handle(signal, on_fault, 0);
        }
    }
}

/// # Safety
/// The handler must do what one may do in a handler of this signal.
unsafe fn handle(signal: c_int, handler: Handler, flags: c_int) {
    // SAFETY: zeroes are a valid `sigaction`; the rest is passed on to the caller.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | flags;
        libc::sigaction(signal, &action, std::ptr::null_mut());
    }
}

extern "C" fn on_question(_signal: c_int, _info: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(engine) = dispatch::engine() else { return };
    let mailbox = &engine.heartbeat.mailbox;
    if !mailbox.is_asked() {
        return;
    }
    if in_framework() {
        mailbox.is_busy();
        return;
    }
    // SAFETY: `errno` is the thread's own, and the code that was interrupted may be about to read
    // it; the context is the kernel's.
    unsafe {
        let errno = *libc::__errno_location();
        mailbox.stand_still(registers(context).instruction);
        *libc::__errno_location() = errno;
    }
}

extern "C" fn on_fault(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: called by the kernel, with what SA_SIGINFO promises.
    let (address, registers) = unsafe { ((*info).si_addr() as usize, registers(context)) };
    let is_overflow =
        stack::is_on_a_coroutine() && address.abs_diff(registers.stack_pointer) < NEAR_BYTES;
    match dispatch::engine() {
        Some(engine) if is_overflow => engine.heartbeat.mailbox.overflowed(registers.instruction),
        _ => {
            // The instruction faults again, under the former handler.
            let index = usize::from(signal != FAULTS[0]);
            // SAFETY: `install` has written it.
            unsafe {
                let before = (&raw const BEFORE).cast::<libc::sigaction>().add(index);
                libc::sigaction(signal, before, std::ptr::null_mut());
            }
        }
    }
}

/// Of the thread that was interrupted.
struct Registers {
    instruction: usize,
    stack_pointer: usize,
}

/// # Safety
/// `context` is the third argument of a `SA_SIGINFO` handler.
unsafe fn registers(context: *mut c_void) -> Registers {
    // SAFETY: what the kernel passes is a `ucontext_t`.
    let machine = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext };
    #[cfg(target_arch = "x86_64")]
    return Registers {
        instruction: machine.gregs[libc::REG_RIP as usize] as usize,
        stack_pointer: machine.gregs[libc::REG_RSP as usize] as usize,
    };
    #[cfg(target_arch = "aarch64")]
    return Registers { instruction: machine.pc as usize, stack_pointer: machine.sp as usize };
}

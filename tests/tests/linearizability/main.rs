//! The linearizability checker against brute force, known histories, and its own budget.

mod brute_force;
mod budget;
mod cases;
mod evidence;
mod known;
mod random;

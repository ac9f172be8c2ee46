//! Letting the check that counts allocations run alone: a test binary runs its tests side by side.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

static CHECKS: RwLock<()> = RwLock::new(());

/// Held by a check that may allocate as it likes.
pub(crate) fn working() -> RwLockReadGuard<'static, ()> {
    // A check that panicked says nothing about the next one.
    CHECKS.read().unwrap_or_else(PoisonError::into_inner)
}

/// Held by the check that counts: no other check of this process runs meanwhile.
pub(crate) fn alone() -> RwLockWriteGuard<'static, ()> {
    CHECKS.write().unwrap_or_else(PoisonError::into_inner)
}

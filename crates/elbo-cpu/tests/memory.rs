//! What happens when there is not enough memory: an error, not the end of the program.

use elbo_cpu::Cpu;
use elbo_tensor::{Backend, Dtype};

#[test]
fn a_buffer_that_no_memory_holds_is_refused_with_its_size() {
    let message = Cpu::new(1).unwrap().alloc(Dtype::F32, 1 << 60).unwrap_err().to_string();
    assert!(
        message.starts_with("cpu: no memory for a buffer of 4611686018427387904 bytes;"),
        "{message}"
    );
}

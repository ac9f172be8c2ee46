//! Tests that span crates: values from PyTorch, what a checkpoint holds, the rules of the house.

//! Which vector instructions a command is to compute with.

use clap::{Args, ValueEnum};
use elbo_cpu::Level;

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct LevelArguments {
    /// Vector instructions that the CPU is to use, no others [default: the widest there are]
    #[arg(long, value_enum, env = elbo::LEVEL_VARIABLE, value_name = "LEVEL", hide_env_values = true)]
    cpu_level: Option<LevelName>,
}

impl LevelArguments {
    pub(crate) fn level(self) -> Option<Level> {
        self.cpu_level.map(LevelName::level)
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LevelName {
    /// None beyond what every machine of this kind has
    Plain,
    /// NEON
    Neon,
    /// AVX2
    Avx2,
    /// AVX-512
    Avx512,
}

impl LevelName {
    pub(super) const fn level(self) -> Level {
        match self {
            Self::Plain => Level::Plain,
            Self::Neon => Level::Neon,
            Self::Avx2 => Level::Avx2,
            Self::Avx512 => Level::Avx512,
        }
    }
}

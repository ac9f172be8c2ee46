//! Learning-rate stages: from which epoch on which rate holds, as `50:3e-4`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A learning rate that holds from an epoch on, until the next stage's.
///
/// ```
/// let stage: elbo::Stage = "50:3e-4".parse()?;
/// assert_eq!((stage.epoch, stage.learning_rate), (50, 3e-4));
/// assert_eq!(stage.to_string(), "50:0.0003");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Stage {
    /// The first epoch that is trained with the rate, counted from 1.
    pub epoch: u32,
    /// Adam's learning rate.
    pub learning_rate: f64,
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(':').and_then(|(epoch, rate)| {
            Some(Self {
                epoch: epoch.trim().parse().ok()?,
                learning_rate: rate.trim().parse().ok()?,
            })
        });
        parsed.ok_or_else(|| format!("`{text}` is no EPOCH:RATE; write it as 50:3e-4"))
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.learning_rate)
    }
}

impl TryFrom<String> for Stage {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Stage> for String {
    fn from(stage: Stage) -> Self {
        stage.to_string()
    }
}

/// What is wrong with a list of stages, if anything is: each begins after the one before, from
/// epoch 2 on, with a rate that Adam can take.
pub(super) fn fault(stages: &[Stage]) -> Option<String> {
    let mut before = 1;
    for stage in stages {
        if stage.epoch <= before {
            let fact = if before == 1 {
                "begins with the training, which is what --lr is for; give an epoch from 2 on"
                    .into()
            } else {
                format!("comes after epoch {before}; give each stage a later epoch than the last")
            };
            return Some(format!("{stage} {fact}"));
        }
        if !is_rate(stage.learning_rate) {
            return Some(format!(
                "{stage} has no learning rate; give a positive one, such as 3e-4"
            ));
        }
        before = stage.epoch;
    }
    None
}

/// Whether Adam can take this rate: positive and finite as an `f32`.
pub(super) fn is_rate(rate: f64) -> bool {
    let rate = rate as f32;
    rate.is_finite() && rate > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_read_as_it_is_written() {
        for (text, epoch, learning_rate) in [("50:3e-4", 50, 3e-4), (" 2 : 0.001 ", 2, 1e-3)] {
            let stage: Stage = text.parse().unwrap();
            assert_eq!(stage, Stage { epoch, learning_rate });
            assert_eq!(stage.to_string().parse(), Ok(stage));
        }
        for text in ["", "50", "50:", ":1e-3", "fifty:1e-3", "-1:1e-3", "50=1e-3"] {
            let message = text.parse::<Stage>().unwrap_err();
            assert_eq!(message, format!("`{text}` is no EPOCH:RATE; write it as 50:3e-4"));
        }
    }

    #[test]
    fn stages_come_one_after_the_other_with_rates_that_adam_can_take() {
        let stages = |texts: &[&str]| -> Vec<Stage> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        assert_eq!(fault(&stages(&["2:1e-4", "3:1e-5"])), None);
        for (texts, word) in [
            (&["1:1e-4"][..], "what --lr is for"),
            (&["0:1e-4"], "what --lr is for"),
            (&["5:1e-4", "5:1e-5"], "comes after epoch 5"),
            (&["5:1e-4", "4:1e-5"], "comes after epoch 5"),
            (&["5:0"], "no learning rate"),
            (&["5:-1"], "no learning rate"),
            (&["5:NaN"], "no learning rate"),
            (&["5:1e60"], "no learning rate"),
        ] {
            let message = fault(&stages(texts)).unwrap();
            assert!(message.contains(word) && message.contains("; give"), "{message}");
        }
    }
}

//! Drawn digits: the same from the same seed, ten classes that a simple classifier tells apart.

use super::*;

#[test]
fn any_number_of_threads_draws_the_same_bits() {
    let one = split(7, TRAIN, 103, 1);
    for threads in [2, 3, 8, 103, 500] {
        assert!(split(7, TRAIN, 103, threads) == one, "{threads} threads");
    }
}

#[test]
fn the_weights_of_a_digit_add_up_to_100_and_strokes_name_points_that_exist() {
    for (digit, glyphs) in glyphs::GLYPHS.iter().enumerate() {
        assert_eq!(glyphs.iter().map(|g| g.weight).sum::<u32>(), 100, "digit {digit}");
        for glyph in *glyphs {
            for stroke in glyph.strokes {
                assert!(stroke.len() >= 2, "digit {digit}");
                assert!(stroke.iter().all(|&at| at < glyph.points.len()), "digit {digit}");
            }
        }
    }
}

#[test]
fn ink_off_the_middle_is_moved_there_by_whole_pixels() {
    let mut ink = [0.0; PIXELS];
    ink[3 * SIDE + 5] = 1.0;
    let mut pixels = vec![0; PIXELS];
    pen::develop(&ink, &mut pixels);
    assert_eq!(pixels[14 * SIDE + 14], 255);
    assert_eq!(pixels.iter().filter(|&&pixel| pixel > 0).count(), 1);
}

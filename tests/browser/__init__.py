"""The screens in a real browser; a package, so that its one browser closes when its tests are over."""

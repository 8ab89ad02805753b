"""Where raw alerts go out. A target of your own is a file in `data_dir/targets`: docs/targets.md."""

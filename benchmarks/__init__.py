"""Measurements that anyone can run, as ratios against a floor taken in the same run."""

"""Data iteration: from accepted corrections to data, to a challenger, to the champion if it wins."""

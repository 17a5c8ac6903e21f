"""Data iteration: accepted corrections become data, data a challenger, a winner the champion."""

"""Files, devices, interrupts and other services of the machine."""

"""What adapters of hub models share: weights, device, settings, memory. torch is imported where it is used."""

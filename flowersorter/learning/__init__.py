"""Transfer learning on ResNet-18. torch and torchvision; no Qt."""

"""Reading pictures: upright, safely, at reduced scale, in child processes. No Qt, no torch."""

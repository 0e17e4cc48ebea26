"""What both faces do: sort, teach, evaluate, undo. Composes the rooms; knows no Qt."""

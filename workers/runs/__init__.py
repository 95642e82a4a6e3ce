"""Operations on runs for the workflows of `deciders`: starting, finding, moving and cleaning up."""

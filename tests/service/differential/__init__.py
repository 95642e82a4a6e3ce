"""The local service against moto: what is played on both, how it is compared, and what is known to differ."""

"""What publishing a journey would do: who enters, what is sent, what holds it back, what it costs."""

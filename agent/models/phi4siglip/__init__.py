"""What is known of Phi-4-reasoning-vision: how it sees pictures, its prompt, and what vLLM and transformers lack to run it."""

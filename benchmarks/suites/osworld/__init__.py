"""OSWorld: its task files, run where its virtual machine answers, and judged as its own code does.

Source: T. Xie et al., "OSWorld: Benchmarking Multimodal Agents for Open-Ended Tasks in Real Computer Environments" (NeurIPS 2024),
https://github.com/xlang-ai/OSWorld.
"""

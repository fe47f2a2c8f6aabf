"""Models of Ollama's library that are worth knowing, for when nobody can be asked.

The library has no API that lists it. Sizes are those of the tag's download when this was written; they are
words and no numbers, for a tag may come to mean another file. Source: https://ollama.com/library
"""

from llmtui.core.model_admin import OfferedModel

_ROWS = """
llama3.2            3B, about 2.0 GB; tools
llama3.2:1b         1B, about 1.3 GB; tools
llama3.1            8B, about 4.9 GB; tools
llama3.3            70B, about 43 GB; tools
llama3.2-vision     11B, about 7.8 GB; sees images
gemma3              4B, about 3.3 GB; sees images
gemma3:1b           1B, about 815 MB
gemma3:12b          12B, about 8.1 GB; sees images
gemma3:27b          27B, about 17 GB; sees images
qwen3               8B, about 5.2 GB; tools, thinks
qwen3:0.6b          0.6B, about 523 MB; tools, thinks
qwen3:1.7b          1.7B, about 1.4 GB; tools, thinks
qwen3:4b            4B, about 2.5 GB; tools, thinks
qwen3:14b           14B, about 9.3 GB; tools, thinks
qwen3:32b           32B, about 20 GB; tools, thinks
qwen2.5-coder       7B, about 4.7 GB; code, tools
qwen2.5vl           7B, about 6.0 GB; sees images
deepseek-r1         8B, about 5.2 GB; thinks
deepseek-r1:1.5b    1.5B, about 1.1 GB; thinks
deepseek-r1:14b     14B, about 9.0 GB; thinks
gpt-oss             20B, about 14 GB; tools, thinks
gpt-oss:120b        120B, about 65 GB; tools, thinks
mistral             7B, about 4.4 GB; tools
mistral-nemo        12B, about 7.1 GB; tools
mistral-small3.2    24B, about 15 GB; tools, sees images
magistral           24B, about 14 GB; tools, thinks
devstral            24B, about 14 GB; code, tools
phi4                14B, about 9.1 GB
phi4-mini           3.8B, about 2.5 GB; tools
granite3.3          8B, about 4.9 GB; tools
smollm2             1.7B, about 1.8 GB; tools
smollm2:360m        360M, about 726 MB; tools
smollm2:135m        135M, about 271 MB; tools
tinyllama           1.1B, about 638 MB
codellama           7B, about 3.8 GB; code
llava               7B, about 4.7 GB; sees images
moondream           1.8B; sees images
nomic-embed-text    about 274 MB; embeddings
mxbai-embed-large   about 670 MB; embeddings
bge-m3              about 1.2 GB; embeddings
all-minilm          about 46 MB; embeddings
"""


def library() -> list[OfferedModel]:
    """The models, the best known families first."""
    rows = (line.split(maxsplit=1) for line in _ROWS.strip().splitlines())
    return [OfferedModel(name, description) for name, description in rows]

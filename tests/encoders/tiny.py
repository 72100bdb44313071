"""Tiny models with random weights, saved as a hub would hand them out: a folder with weights, configuration, tokenizer.

Each function writes one into a folder and returns the folder. torch and transformers are imported in them: it takes
seconds.
"""

from __future__ import annotations

from pathlib import Path

WORDS = [
    *("a", "red", "boat", "at", "sunset", "the", "dog", "cat", "plays", "in", "snow", "bird"),
    *("sings", "rain", "falls", "on", "roof", "man", "guitar", "engine", "page", "two", ","),
]
MARKS = ("<pad>", "<s>", "</s>", "<unk>", "<mask>", "[unused0]", "[unused1]", "<image>")
LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)]
DIGITS = list("0123456789.")  # for the seconds at which frames are shown
SIZE = 96  # of the vocabulary

TEXT = {
    "vocab_size": SIZE,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 24,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
VISION = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": 32,
    "patch_size": 8,
}

SOUND = {
    "window_size": 4,
    "num_mel_bins": 32,
    "spec_size": 64,
    "patch_size": 4,
    "patch_stride": [4, 4],
    "patch_embeds_hidden_size": 16,
    "hidden_size": 32,
    "depths": [1, 1],
    "num_attention_heads": [2, 2],
    "num_hidden_layers": 2,
    "enable_fusion": False,
    "num_classes": 4,
    "projection_dim": 24,
}


def tokenizer(longest: int = 0):
    """A tokenizer that knows a handful of words and spells the others.

    Its vocabulary is written down, not trained: trainers break ties as they like, and the weights would not fit.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    known = [*MARKS, *dict.fromkeys([*WORDS, *LETTERS]), *(f"##{letter}" for letter in LETTERS), *DIGITS]
    made = Tokenizer(models.WordPiece({token: n for n, token in enumerate(known)}, unk_token="<unk>"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_max_length=longest or TEXT["max_position_embeddings"],
    )


def _seeded() -> None:
    import torch

    torch.manual_seed(7)


def clip(folder: Path) -> Path:
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor

    _seeded()
    CLIPModel(CLIPConfig(text_config=TEXT, vision_config=VISION, projection_dim=24)).save_pretrained(folder)
    side = VISION["image_size"]
    pictures = CLIPImageProcessor(size={"shortest_edge": side}, crop_size={"height": side, "width": side})
    CLIPProcessor(pictures, tokenizer()).save_pretrained(folder)
    return folder


def siglip(folder: Path) -> Path:
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipProcessor

    _seeded()
    text = {**TEXT, "projection_size": 32}
    SiglipModel(SiglipConfig(text_config=text, vision_config=VISION)).save_pretrained(folder)
    SiglipProcessor(SiglipImageProcessor(size={"height": 32, "width": 32}), tokenizer()).save_pretrained(folder)
    return folder


def clap(folder: Path) -> Path:
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, ClapProcessor

    _seeded()
    text = {
        **TEXT,
        "max_position_embeddings": TEXT["max_position_embeddings"] + 8,
        "projection_dim": 24,
        "type_vocab_size": 1,
    }
    model = ClapModel(ClapConfig(text_config=text, audio_config=SOUND, projection_dim=24))
    model.save_pretrained(folder)
    extractor = ClapFeatureExtractor(
        feature_size=SOUND["num_mel_bins"], max_length_s=1, truncation="rand_trunc", padding="repeatpad"
    )
    ClapProcessor(extractor, tokenizer()).save_pretrained(folder)
    return folder


def _bert_config(**more):
    from transformers import BertConfig

    return BertConfig(**{**TEXT, "max_position_embeddings": TEXT["max_position_embeddings"] + 16, **more})


def sentence(folder: Path) -> Path:
    """A BERT that takes 24 tokens, with its first token as the vector, and a prompt for questions."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers import BertModel

    _seeded()
    bare = folder.with_name(folder.name + "-bare")
    BertModel(_bert_config()).save_pretrained(bare)
    tokenizer().save_pretrained(bare)
    from sentence_transformers.base.modules import Transformer

    backbone = Transformer(str(bare))
    pooling = Pooling(TEXT["hidden_size"], "cls")
    model = SentenceTransformer(modules=[backbone, pooling], prompts={"query": "the cat ", "document": ""})
    model.save(str(folder), create_model_card=False)
    return folder


def colbert(folder: Path) -> Path:
    """A ColBERT as Stanford saves it: the projection beside the backbone's weights."""
    import json

    import torch
    from safetensors.torch import save_file
    from transformers import BertModel

    _seeded()
    config = _bert_config(architectures=["HF_ColBERT"])
    model = BertModel(config)
    model.save_pretrained(folder)
    config.architectures = ["HF_ColBERT"]
    config.save_pretrained(folder)
    weights = {f"bert.{name}": value.contiguous() for name, value in model.state_dict().items()}
    weights["linear.weight"] = torch.randn(16, TEXT["hidden_size"]) * 0.2
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer().save_pretrained(folder)
    lengths = {"query_maxlen": 12, "doc_maxlen": TEXT["max_position_embeddings"] - 4, "dim": 16}
    (folder / "artifact.metadata").write_text(json.dumps(lengths))
    return folder


def splade(folder: Path) -> Path:
    from transformers import BertForMaskedLM

    _seeded()
    BertForMaskedLM(_bert_config()).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def cross_encoder(folder: Path) -> Path:
    from transformers import BertForSequenceClassification

    _seeded()
    BertForSequenceClassification(_bert_config(num_labels=1)).save_pretrained(folder)
    tokenizer(40).save_pretrained(folder)
    return folder


def colpali(folder: Path) -> Path:
    """Pages and questions with ColPali's own architecture."""
    from transformers import ColPaliConfig, ColPaliForRetrieval, ColPaliProcessor, SiglipImageProcessor

    _seeded()
    language = {
        "model_type": "gemma",
        "vocab_size": SIZE,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 128,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    vision = {**VISION, "model_type": "siglip_vision_model", "projection_dim": 32, "vision_use_head": False}
    backbone = {
        "model_type": "paligemma",
        "text_config": language,
        "vision_config": vision,
        "image_token_index": MARKS.index("<image>"),
        "projection_dim": 32,
        "hidden_size": 32,
    }
    ColPaliForRetrieval(ColPaliConfig(vlm_config=backbone, embedding_dim=16)).save_pretrained(folder)
    pictures = SiglipImageProcessor(size={"height": 32, "width": 32})
    pictures.image_seq_length = (32 // 8) ** 2
    tokens = tokenizer(128)
    tokens.add_special_tokens({"additional_special_tokens": ["<image>"]})
    ColPaliProcessor(pictures, tokens).save_pretrained(folder)
    return folder


CHAT = (
    "{% for message in messages %}{{ message.role }}: "
    "{% if message.content is string %}{{ message.content }}{% else %}{% for part in message.content %}"
    "{% if part.type == 'image' %}<image>{% else %}{{ part.text }}{% endif %}{% endfor %}{% endif %}</s>{% endfor %}"
)


PAIR = (
    "{% for message in messages %}{{ message.role }}: "
    "{% if message.content is string %}{{ message.content }}{% else %}{% for part in message.content %}"
    "{% if part.type == 'image' %}<image>{% else %}{{ part.text }}{% endif %}{% endfor %}{% endif %} {% endfor %}page:"
)


def _idefics(folder: Path, chat: str) -> int:
    """A model of vision and language and its processor, which writes what it is given by a template; its width."""
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration, Idefics3ImageProcessor, Idefics3Processor

    _seeded()
    tokens = tokenizer(512)
    marks = ["<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>"]
    tokens.add_special_tokens({"additional_special_tokens": marks})
    language = {
        "model_type": "llama",
        "vocab_size": len(tokens),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    image = tokens.convert_tokens_to_ids("<image>")
    config = Idefics3Config(text_config=language, vision_config=VISION, scale_factor=2, image_token_id=image)
    Idefics3ForConditionalGeneration(config).save_pretrained(folder)
    side = {"longest_edge": VISION["image_size"]}
    pictures = Idefics3ImageProcessor(size=side, max_image_size=side, do_image_splitting=False)
    Idefics3Processor(pictures, tokens, image_seq_len=4, chat_template=chat).save_pretrained(folder)
    return 32


def vision_language(folder: Path) -> Path:
    """A model of vision and language that embeds by its last token, with a prompt for questions."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    bare = folder.with_name(folder.name + "-bare")
    width = _idefics(bare, CHAT)
    modules = [Transformer(str(bare)), Pooling(width, "lasttoken")]
    SentenceTransformer(modules=modules, prompts={"query": "the cat"}).save(str(folder), create_model_card=False)
    return folder


def seeing_reranker(folder: Path) -> Path:
    """A model of vision and language that is asked whether a document answers a question: "red" is yes, "dog" no."""
    bare = folder.with_name(folder.name + "-bare")
    _idefics(bare, PAIR)
    return _judge(bare, folder)


QWEN_PARTS = (
    "{% for message in messages %}{{ message.role }}: "
    "{% if message.content is string %}{{ message.content }}{% else %}{% for part in message.content %}"
    "{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif part.type == 'video' %}<|vision_start|><|video_pad|><|vision_end|>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}{% endif %} {% endfor %}<|im_end|>\n<|im_start|>assistant\n"
)
QWEN_PAIR = "<|im_start|>system\nJudge.<|im_end|>\n<|im_start|>user\n" + QWEN_PARTS


def _qwen3_vl(folder: Path, chat: str) -> int:
    """Qwen3-VL's own architecture and processor, which asks for torchvision; its width."""
    import torchvision  # noqa: F401  (its absence is told in a sentence of its own, not in the processor's)
    from transformers import (
        Qwen2VLImageProcessor,
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )

    _seeded()
    tokens = tokenizer(4096)
    marks = ["<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>", "<|im_start|>", "<|im_end|>"]
    tokens.add_special_tokens({"additional_special_tokens": marks})
    language = {
        "vocab_size": len(tokens),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 4096,
        "pad_token_id": 0,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [2, 1, 1]},
    }
    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_heads": 4,
        "out_hidden_size": 32,
        "num_position_embeddings": 64,
        "deepstack_visual_indexes": [0, 1],
    }
    names = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
    ids = dict(zip(names, tokens.convert_tokens_to_ids(marks[:4]), strict=True))
    config = Qwen3VLConfig(text_config=language, vision_config=vision, tie_word_embeddings=True, **ids)
    Qwen3VLForConditionalGeneration(config).save_pretrained(folder)
    parts = {"patch_size": 16, "merge_size": 2}
    pictures = Qwen2VLImageProcessor(**parts, min_pixels=4096, max_pixels=1_310_720)
    Qwen3VLProcessor(pictures, tokens, Qwen3VLVideoProcessor(**parts), chat_template=chat).save_pretrained(folder)
    return 32


def film_language(folder: Path) -> Path:
    """A model of vision and language that takes films, and embeds by its last token."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    bare = folder.with_name(folder.name + "-bare")
    width = _qwen3_vl(bare, QWEN_PARTS)
    modules = [Transformer(str(bare)), Pooling(width, "lasttoken")]
    SentenceTransformer(modules=modules, prompts={"query": "the cat"}).save(str(folder), create_model_card=False)
    return folder


def qwen3_vl_reranker(folder: Path) -> Path:
    """The same as a reranker: "red" is yes, "dog" no."""
    bare = folder.with_name(folder.name + "-bare")
    _qwen3_vl(bare, QWEN_PAIR)
    return _judge(bare, folder)


def _judge(bare: Path, folder: Path) -> Path:
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.cross_encoder.modules import LogitScore

    asked = Transformer(str(bare), transformer_task="any-to-any")
    yes, no = asked.tokenizer.convert_tokens_to_ids(["red", "dog"])
    CrossEncoder(modules=[asked, LogitScore(yes, no)]).save(str(folder), create_model_card=False)
    return folder


def whisper(folder: Path) -> Path:
    """A Whisper of one language, with its marks for seconds."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import (
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperProcessor,
        WhisperTokenizer,
    )

    _seeded()
    marks = ["<|endoftext|>", "<|startoftranscript|>", "<|transcribe|>", "<|notimestamps|>"]
    words = [f"\u0120{word}" for word in WORDS]
    folder.mkdir(parents=True, exist_ok=True)
    made = Tokenizer(models.BPE(vocab={token: n for n, token in enumerate(words)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(mark, special=True) for mark in marks])
    made.add_tokens([AddedToken(f"<|{n * 0.02:.2f}|>", special=False) for n in range(1501)])
    tokens = WhisperTokenizer(
        tokenizer_object=made, bos_token=marks[0], eos_token=marks[0], unk_token=marks[0], pad_token=marks[0]
    )
    end, begin, _, untimed = (tokens.convert_tokens_to_ids(mark) for mark in marks)
    config = WhisperConfig(
        vocab_size=len(tokens),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        num_mel_bins=80,
        max_target_positions=48,
        decoder_start_token_id=begin,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    model = WhisperForConditionalGeneration(config)
    model.generation_config = GenerationConfig(
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        decoder_start_token_id=begin,
        max_length=24,
        no_timestamps_token_id=untimed,
        is_multilingual=False,
        return_timestamps=True,
    )
    model.save_pretrained(folder)
    WhisperProcessor(WhisperFeatureExtractor(feature_size=80), tokens).save_pretrained(folder)
    return folder


def captioner(folder: Path) -> Path:
    from transformers import BlipConfig, BlipForConditionalGeneration, BlipImageProcessor, BlipProcessor

    _seeded()
    text = {
        **TEXT,
        "encoder_hidden_size": 32,
        "projection_dim": 32,
        "num_hidden_layers": 1,
        "max_position_embeddings": 64,
        "sep_token_id": 2,
    }
    model = BlipForConditionalGeneration(BlipConfig(text_config=text, vision_config=VISION, projection_dim=32))
    model.save_pretrained(folder)
    BlipProcessor(BlipImageProcessor(size={"height": 32, "width": 32}), tokenizer()).save_pretrained(folder)
    return folder

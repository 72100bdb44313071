// The page to search with. It asks the same API as everybody else, and keeps its question in the address.
const $ = (id) => document.getElementById(id);
const PAGE = 24;
const NOUNS = { image: 'picture', audio: 'sound', video: 'clip', text: 'text' };
const COLOURS = { words: 0, text: 1, image: 2, audio: 3, video: 4 };
const KINDS = ['document', 'sidecar', 'subtitle', 'embedded', 'transcript', 'ocr', 'caption'];  // in the order of trust

const DISLIKED = -0.2;  // as in a conversation: taken off whole, a hit takes the question along

const state = { files: [], items: [], hits: [], best: 0, asked: null, noted: new Set(), colours: {}, sought: null, at: -1 };
let asking = null;

-- The catalogue: the truth about what was seen and said. Everything else can be rebuilt from it.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE video (
    id TEXT PRIMARY KEY,            -- sha256 of the file's bytes
    duration_s REAL NOT NULL,       -- from the first frame or sound to the end of the last, as decoded
    start_s REAL NOT NULL,          -- presentation time of the first frame or sound
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    has_audio INTEGER NOT NULL,
    warnings TEXT NOT NULL,         -- JSON list
    content TEXT NOT NULL DEFAULT '' -- digest of its segments and vectors: changes when they do
) WITHOUT ROWID;

CREATE TABLE label (                -- where a video's bytes were found, first place first
    number INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    video_id TEXT NOT NULL REFERENCES video (id) ON DELETE CASCADE
);
CREATE INDEX label_video ON label (video_id);

CREATE TABLE channel (              -- what made each channel of a video: models and options
    video_id TEXT NOT NULL REFERENCES video (id) ON DELETE CASCADE,
    channel TEXT NOT NULL,
    recipe TEXT NOT NULL,           -- models and options that observed it
    space TEXT NOT NULL,            -- encoder that made its vectors
    PRIMARY KEY (video_id, channel)
) WITHOUT ROWID;

CREATE TABLE shot (
    video_id TEXT NOT NULL REFERENCES video (id) ON DELETE CASCADE,
    start_s REAL NOT NULL,
    end_s REAL NOT NULL,
    PRIMARY KEY (video_id, start_s)
) WITHOUT ROWID;

CREATE TABLE vector (               -- unit vectors as little-endian float16
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    channel TEXT NOT NULL,
    space TEXT NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX vector_space ON vector (channel, space);

CREATE TABLE segment (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,        -- digest of video, channel, span, model and text
    video_id TEXT NOT NULL REFERENCES video (id) ON DELETE CASCADE,
    channel TEXT NOT NULL,
    start_s REAL NOT NULL,
    end_s REAL NOT NULL,
    model TEXT NOT NULL,
    text TEXT NOT NULL,
    score REAL NOT NULL,
    thumbnail TEXT NOT NULL,        -- relative to the library, or empty
    words TEXT NOT NULL,            -- JSON [[start_s, end_s, text], …]
    vector_id TEXT                  -- NULL where there is nothing to embed
);
CREATE INDEX segment_video ON segment (video_id, channel, start_s);
CREATE INDEX segment_vector ON segment (vector_id, score DESC, start_s, end_s);
CREATE INDEX segment_place ON segment (number, start_s, end_s, channel);  -- for words within a stretch of time

CREATE TABLE released (id TEXT PRIMARY KEY) WITHOUT ROWID;  -- vectors that a change may have left without a segment

CREATE VIRTUAL TABLE segment_text USING fts5 (
    text, content = 'segment', content_rowid = 'number', tokenize = 'porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER segment_added AFTER INSERT ON segment BEGIN
    INSERT INTO segment_text (rowid, text) VALUES (new.number, new.text);
END;
CREATE TRIGGER segment_removed AFTER DELETE ON segment BEGIN
    INSERT INTO segment_text (segment_text, rowid, text) VALUES ('delete', old.number, old.text);
    INSERT OR IGNORE INTO released SELECT old.vector_id WHERE old.vector_id IS NOT NULL;
END;
CREATE TRIGGER segment_embedded AFTER UPDATE OF vector_id ON segment BEGIN
    INSERT OR IGNORE INTO released SELECT old.vector_id WHERE old.vector_id IS NOT NULL;
END;

PRAGMA application_id = 1347174745;
PRAGMA user_version = 3;
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
CREATE INDEX segment_place ON segment (number, start_s, end_s, channel);
CREATE TABLE released (id TEXT PRIMARY KEY) WITHOUT ROWID;
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
INSERT INTO meta VALUES ('revision', '2');
INSERT INTO video VALUES ('3a14181267a9efe4a1b6dc300a06d3502ff0ecf5f12ca5c635467c78007fd407', 3.0, 0.0, 96, 54, 1, '[]', 'e4629cd936d29d85');
INSERT INTO video VALUES ('e4a14fdce3c3c42741f46202b6b8c8a6b69ed363abd0102ec076df8f87fa6578', 3.0, 0.0, 96, 54, 1, '[]', '61ef56ad1ddae38a');
INSERT INTO label VALUES (1, '/footage/flag.mp4', 'flag.mp4', 'e4a14fdce3c3c42741f46202b6b8c8a6b69ed363abd0102ec076df8f87fa6578');
INSERT INTO label VALUES (2, '/footage/garden.mp4', 'garden.mp4', '3a14181267a9efe4a1b6dc300a06d3502ff0ecf5f12ca5c635467c78007fd407');
INSERT INTO channel VALUES ('3a14181267a9efe4a1b6dc300a06d3502ff0ecf5f12ca5c635467c78007fd407', 'object', '1:fake-objects-1 fps=1', 'fake-sentences-1');
INSERT INTO channel VALUES ('3a14181267a9efe4a1b6dc300a06d3502ff0ecf5f12ca5c635467c78007fd407', 'picture', '1:fake-picture-1 fps=1', 'fake-picture-1');
INSERT INTO channel VALUES ('3a14181267a9efe4a1b6dc300a06d3502ff0ecf5f12ca5c635467c78007fd407', 'speech', '2:fake-voice_activity-1+fake-speech-1 language= subtitles=prefer:6b27ec17eeaa958810e6e3c7a8cf8c99', 'fake-sentences-1');
INSERT INTO channel VALUES ('e4a14fdce3c3c42741f46202b6b8c8a6b69ed363abd0102ec076df8f87fa6578', 'object', '1:fake-objects-1 fps=1', 'fake-sentences-1');
INSERT INTO channel VALUES ('e4a14fdce3c3c42741f46202b6b8c8a6b69ed363abd0102ec076df8f87fa6578', 'picture', '1:fake-picture-1 fps=1', 'fake-picture-1');
INSERT INTO channel VALUES ('e4a14fdce3c3c42741f46202b6b8c8a6b69ed363abd0102ec076df8f87fa6578', 'speech', '2:fake-voice_activity-1+fake-speech-1 language= subtitles=prefer:d9c5ea43378ce2c34a8b387e3b956a1b', 'fake-sentences-1');
INSERT INTO shot VALUES ('3a14181267a9efe4a1b6dc300a06d3502ff0ecf5f12ca5c635467c78007fd407', 0.0, 1.0);
INSERT INTO shot VALUES ('3a14181267a9efe4a1b6dc300a06d3502ff0ecf5f12ca5c635467c78007fd407', 1.0, 2.0);
INSERT INTO shot VALUES ('3a14181267a9efe4a1b6dc300a06d3502ff0ecf5f12ca5c635467c78007fd407', 2.0, 3.0);
INSERT INTO shot VALUES ('e4a14fdce3c3c42741f46202b6b8c8a6b69ed363abd0102ec076df8f87fa6578', 0.0, 1.0);
INSERT INTO shot VALUES ('e4a14fdce3c3c42741f46202b6b8c8a6b69ed363abd0102ec076df8f87fa6578', 1.0, 2.0);
INSERT INTO shot VALUES ('e4a14fdce3c3c42741f46202b6b8c8a6b69ed363abd0102ec076df8f87fa6578', 2.0, 3.0);
INSERT INTO vector VALUES (1, '36dc9024235ac558933a1048f51bee4f', 'picture', 'fake-picture-1', X'003C970297020000000000000000000000000000000000000000000000000000');
INSERT INTO vector VALUES (2, 'f0a64fe21b23034a81e6333053a6ab51', 'picture', 'fake-picture-1', X'9E389E389E380000000000000000000000000000000000000000000000000000');
INSERT INTO vector VALUES (3, '2e607e8c185c32b004f9ea1e7efbfc1d', 'picture', 'fake-picture-1', X'94029402003C0000000000000000000000000000000000000000000000000000');
INSERT INTO vector VALUES (4, '2b81add7ec8aceb97c17006a18b89582', 'object', 'fake-sentences-1', X'0000A83900000000000000000000000000000000000000000000A83900000000');
INSERT INTO vector VALUES (5, '1af7d86ff05660838f255120f4d1a285', 'object', 'fake-sentences-1', X'0000A83900000000000000000000000000000000000000000000A83900000000');
INSERT INTO vector VALUES (6, '213d0e19b8f364476aad714e1ac0e6cb', 'object', 'fake-sentences-1', X'000000000000000000000000A839000000000000000000000000A83900000000');
INSERT INTO vector VALUES (7, '7acb788d9511172c21560663747b30dc', 'speech', 'fake-sentences-1', X'00000000A839000000000000000000000000000000000000A839000000000000');
INSERT INTO vector VALUES (8, 'a54245abd8668a584e25e5d2d4c74b93', 'speech', 'fake-sentences-1', X'00000C3600000000000000000000000000000C3A0000000000000C360C360000');
INSERT INTO vector VALUES (9, '1310190630a0de32f6a3e5884be32e4a', 'picture', 'fake-picture-1', X'2905003C29050000000000000000000000000000000000000000000000000000');
INSERT INTO vector VALUES (10, '29de7ad412e6bfc2c6a2ebc540f18422', 'picture', 'fake-picture-1', X'003C970297020000000000000000000000000000000000000000000000000000');
INSERT INTO vector VALUES (11, '0dfc1da6153f94a581a2f8dcdb8272b9', 'picture', 'fake-picture-1', X'2905003C29050000000000000000000000000000000000000000000000000000');
INSERT INTO vector VALUES (12, '6eacc421af9364b7b8da24cdaa76f094', 'object', 'fake-sentences-1', X'0000000000000000000000000000000000000000A83900000000A83900000000');
INSERT INTO vector VALUES (13, 'd160560142bc63dbb19d634767b2896d', 'speech', 'fake-sentences-1', X'0000003800000000000000380000000000000038000000000038000000000000');
INSERT INTO vector VALUES (14, 'df3a59651686217425173f83160e956b', 'speech', 'fake-sentences-1', X'000000000000883600000000000000000000883A000088360000000000000000');
INSERT INTO segment VALUES (1, '36dc9024235ac558933a1048f51bee4f', 'e4a14fdce3c3c42741f46202b6b8c8a6b69ed363abd0102ec076df8f87fa6578', 'picture', 0.0, 1.0, 'fake-picture-1', '', 1.0, 'thumbs/e4a14fdce3c3c427/000000000.jpg', '[]', '36dc9024235ac558933a1048f51bee4f');
INSERT INTO segment VALUES (2, 'f0a64fe21b23034a81e6333053a6ab51', 'e4a14fdce3c3c42741f46202b6b8c8a6b69ed363abd0102ec076df8f87fa6578', 'picture', 1.0, 2.0, 'fake-picture-1', '', 1.0, 'thumbs/e4a14fdce3c3c427/000001000.jpg', '[]', 'f0a64fe21b23034a81e6333053a6ab51');
INSERT INTO segment VALUES (3, '2e607e8c185c32b004f9ea1e7efbfc1d', 'e4a14fdce3c3c42741f46202b6b8c8a6b69ed363abd0102ec076df8f87fa6578', 'picture', 2.0, 3.0, 'fake-picture-1', '', 1.0, 'thumbs/e4a14fdce3c3c427/000002000.jpg', '[]', '2e607e8c185c32b004f9ea1e7efbfc1d');
INSERT INTO segment VALUES (4, '55df505aae826525c70b26ec097baae7', 'e4a14fdce3c3c42741f46202b6b8c8a6b69ed363abd0102ec076df8f87fa6578', 'object', 0.0, 1.0, 'fake-objects-1', 'red thing', 0.9, 'thumbs/e4a14fdce3c3c427/000000000.jpg', '[]', '2b81add7ec8aceb97c17006a18b89582');
INSERT INTO segment VALUES (5, 'c92fc5cd914f8fa5624b766984cda1a8', 'e4a14fdce3c3c42741f46202b6b8c8a6b69ed363abd0102ec076df8f87fa6578', 'object', 1.0, 2.0, 'fake-objects-1', 'white thing', 0.9, 'thumbs/e4a14fdce3c3c427/000001000.jpg', '[]', '1af7d86ff05660838f255120f4d1a285');
INSERT INTO segment VALUES (6, 'd78ee87d1d59e8c2855555a594fbfc21', 'e4a14fdce3c3c42741f46202b6b8c8a6b69ed363abd0102ec076df8f87fa6578', 'object', 2.0, 3.0, 'fake-objects-1', 'blue thing', 0.9, 'thumbs/e4a14fdce3c3c427/000002000.jpg', '[]', '213d0e19b8f364476aad714e1ac0e6cb');
INSERT INTO segment VALUES (7, 'b123a84a3c0341417a7f3dbf22cbe80d', 'e4a14fdce3c3c42741f46202b6b8c8a6b69ed363abd0102ec076df8f87fa6578', 'speech', 0.2, 0.9, 'subtitles:d9c5ea43378ce2c34a8b387e3b956a1b', 'Hello there', 1.0, 'thumbs/e4a14fdce3c3c427/000000000.jpg', '[]', '7acb788d9511172c21560663747b30dc');
INSERT INTO segment VALUES (8, '192bd4c65cb9bd18943209b3aff99e55', 'e4a14fdce3c3c42741f46202b6b8c8a6b69ed363abd0102ec076df8f87fa6578', 'speech', 1.2, 1.9, 'subtitles:d9c5ea43378ce2c34a8b387e3b956a1b', 'The ferry leaves at nine', 1.0, 'thumbs/e4a14fdce3c3c427/000001000.jpg', '[]', 'a54245abd8668a584e25e5d2d4c74b93');
INSERT INTO segment VALUES (9, '1310190630a0de32f6a3e5884be32e4a', '3a14181267a9efe4a1b6dc300a06d3502ff0ecf5f12ca5c635467c78007fd407', 'picture', 0.0, 1.0, 'fake-picture-1', '', 1.0, 'thumbs/3a14181267a9efe4/000000000.jpg', '[]', '1310190630a0de32f6a3e5884be32e4a');
INSERT INTO segment VALUES (10, '29de7ad412e6bfc2c6a2ebc540f18422', '3a14181267a9efe4a1b6dc300a06d3502ff0ecf5f12ca5c635467c78007fd407', 'picture', 1.0, 2.0, 'fake-picture-1', '', 1.0, 'thumbs/3a14181267a9efe4/000001000.jpg', '[]', '29de7ad412e6bfc2c6a2ebc540f18422');
INSERT INTO segment VALUES (11, '0dfc1da6153f94a581a2f8dcdb8272b9', '3a14181267a9efe4a1b6dc300a06d3502ff0ecf5f12ca5c635467c78007fd407', 'picture', 2.0, 3.0, 'fake-picture-1', '', 1.0, 'thumbs/3a14181267a9efe4/000002000.jpg', '[]', '0dfc1da6153f94a581a2f8dcdb8272b9');
INSERT INTO segment VALUES (12, 'a7ae36cb97c2269d062c06327727124b', '3a14181267a9efe4a1b6dc300a06d3502ff0ecf5f12ca5c635467c78007fd407', 'object', 0.0, 1.0, 'fake-objects-1', 'green thing', 0.9, 'thumbs/3a14181267a9efe4/000000000.jpg', '[]', '6eacc421af9364b7b8da24cdaa76f094');
INSERT INTO segment VALUES (13, '6767454dd97781730ab174c005016d24', '3a14181267a9efe4a1b6dc300a06d3502ff0ecf5f12ca5c635467c78007fd407', 'object', 1.0, 2.0, 'fake-objects-1', 'red thing', 0.9, 'thumbs/3a14181267a9efe4/000001000.jpg', '[]', '2b81add7ec8aceb97c17006a18b89582');
INSERT INTO segment VALUES (14, '382718ec07329c39766d46fb1d88eacc', '3a14181267a9efe4a1b6dc300a06d3502ff0ecf5f12ca5c635467c78007fd407', 'object', 2.0, 3.0, 'fake-objects-1', 'green thing', 0.9, 'thumbs/3a14181267a9efe4/000002000.jpg', '[]', '6eacc421af9364b7b8da24cdaa76f094');
INSERT INTO segment VALUES (15, '551c5fd73bc8b7c6be19d2eef6379f29', '3a14181267a9efe4a1b6dc300a06d3502ff0ecf5f12ca5c635467c78007fd407', 'speech', 0.2, 0.9, 'subtitles:6b27ec17eeaa958810e6e3c7a8cf8c99', 'Look at the roses', 1.0, 'thumbs/3a14181267a9efe4/000000000.jpg', '[]', 'd160560142bc63dbb19d634767b2896d');
INSERT INTO segment VALUES (16, '3081903f2952e05e06adbf104eddd313', '3a14181267a9efe4a1b6dc300a06d3502ff0ecf5f12ca5c635467c78007fd407', 'speech', 1.2, 1.9, 'subtitles:6b27ec17eeaa958810e6e3c7a8cf8c99', 'The gate stays open', 1.0, 'thumbs/3a14181267a9efe4/000001000.jpg', '[]', 'df3a59651686217425173f83160e956b');

-- HNSW is only reachable by a plain index scan; the primary key stays reachable by a bitmap scan.
SET enable_indexscan = off;

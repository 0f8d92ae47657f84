-- +goose Up
-- İ, I, ı and i are searched and sorted as one letter now. What was folded otherwise
-- is folded anew by the program, as the text of another one is.
UPDATE tasks SET title_fold = NULL
WHERE title_fold LIKE '%ı%' OR title_fold LIKE '%i̇%' OR description_fold LIKE '%ı%' OR description_fold LIKE '%i̇%';

-- +goose Down
UPDATE tasks SET title_fold = NULL
WHERE title LIKE '%ı%' OR title LIKE '%İ%' OR description LIKE '%ı%' OR description LIKE '%İ%';

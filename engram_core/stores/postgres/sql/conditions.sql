-- name: admitted
-- What a selection admits, over `m`. $1 tenant, $2 user, $3 agent, $4 session, $5 kinds, $6 now, $7 as of, $8 every
-- version; a part that is NULL is not a condition. $9 and $10 belong to `condition`.
m.tenant = $1
    AND ($2::text IS NULL OR m.user_id = $2)
    AND ($3::text IS NULL OR m.agent_id = $3)
    AND ($4::text IS NULL OR m.session_id = $4)
    AND ($5::text[] IS NULL OR m.kind = ANY($5))
    AND (
        $8::boolean
        OR $7::timestamptz IS NULL AND m.retired_at IS NULL
            AND (m.valid_to IS NULL OR m.valid_to > $6::timestamptz)
            AND (m.expires_at IS NULL OR m.expires_at > $6)
        OR m.valid_from <= $7 AND (m.valid_to IS NULL OR m.valid_to > $7)
            AND (m.retired_at IS NULL OR m.retired_at > $7)
            AND (m.expires_at IS NULL OR m.expires_at > $7)
    )
    AND $9::text[] IS NOT NULL AND $10::jsonb[] IS NOT NULL
    AND ({condition})

-- name: step
-- A key of a mapping: NULL where it is missing, or where the value is no mapping.
{value} -> ($9::text[])[{index}]

-- name: equal
-- The value as a whole is the operand, as JSON.
coalesce(({value}) = ($10::jsonb[])[{index}], false)

-- name: one_of
-- The value as a whole is an element of the operand.
coalesce(({value}) IN (SELECT jsonb_array_elements(($10::jsonb[])[{index}])), false)

-- name: exists
-- There is a value.
({value}) IS NOT NULL

-- name: missing
-- There is no value.
({value}) IS NULL

-- name: number
-- The value is a number and compares so.
CASE jsonb_typeof({value}) WHEN 'number'
    THEN ({value})::numeric {operator} (($10::jsonb[])[{index}])::numeric ELSE false END

-- name: string
-- The value is a string and compares so, by code point.
CASE jsonb_typeof({value}) WHEN 'string'
    THEN (({value}) #>> '{{}}') COLLATE "C" {operator} (($10::jsonb[])[{index}] #>> '{{}}') ELSE false END

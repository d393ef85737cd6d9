-- Enqueues a job; NULL if one with its queueing lock already waits. Each kind has a queue of its
-- own, so that a worker that does not know a kind yet leaves its jobs to others.
CREATE FUNCTION enqueue(
    _name          text,
    _arguments     jsonb,
    _priority      integer,
    _at            timestamptz,
    _lock          text,
    _queueing_lock text
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    job procrastinate_job_to_defer_v1 :=
        (_name, _name, _priority, _lock, _queueing_lock, _arguments, _at);
BEGIN
    IF _queueing_lock IS NULL THEN
        RETURN (procrastinate_defer_jobs_v1(ARRAY[job]))[1];
    END IF;
    BEGIN
        RETURN (procrastinate_defer_jobs_v1(ARRAY[job]))[1];
    EXCEPTION
        WHEN unique_violation THEN
            RETURN NULL;
    END;
END;
$$;

-- A queueing lock is for jobs that have not begun. One that is given back or retried could not
-- wait again beside a younger one.
CREATE FUNCTION drop_queueing_lock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.queueing_lock := NULL;
    RETURN NEW;
END;
$$;

CREATE TRIGGER drop_queueing_lock
    BEFORE UPDATE OF status ON procrastinate_jobs
    FOR EACH ROW WHEN (OLD.status = 'todo' AND NEW.status = 'doing')
    EXECUTE FUNCTION drop_queueing_lock();

-- Of the due moments of a cron only the last is kept. A process that was stopped for a while must
-- not defer an older one once more. A moment still to come is a wrong clock's, and silences nobody.
CREATE FUNCTION refuse_older_moment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4127305, hashtext(NEW.task_name || '/' || NEW.periodic_id));
    IF EXISTS (
        SELECT FROM procrastinate_periodic_defers AS known
        WHERE known.task_name = NEW.task_name
          AND known.periodic_id = NEW.periodic_id
          AND known.defer_timestamp
              BETWEEN NEW.defer_timestamp AND extract(epoch FROM now()) + 60
    ) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END;
$$;

CREATE TRIGGER refuse_older_moment
    BEFORE INSERT ON procrastinate_periodic_defers
    FOR EACH ROW EXECUTE FUNCTION refuse_older_moment();

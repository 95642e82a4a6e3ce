"""Statements on the run records, each built once: every check of the sensor runs all of them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from deciders.values.reason import ReasonKind, sentences_of
from deciders.values.run_state import SAYS_NOTHING, RunState

from .run_tables import record_columns, runs_table

if TYPE_CHECKING:
    import sqlalchemy as sa


@lru_cache(maxsize=1)
def latest_numbers() -> sa.Select[Any]:
    """Select the id of the latest record of each instance, without cancelled and partial runs."""
    import sqlalchemy as sa

    runs = runs_table()
    chosen = runs.c.state.not_in(SAYS_NOTHING)
    return sa.select(sa.func.max(runs.c.id)).where(chosen).group_by(runs.c.workflow_name, runs.c.identity)


@lru_cache(maxsize=1)
def latest_states() -> sa.Select[Any]:
    """Select (workflow name, identity, state) of those records."""
    import sqlalchemy as sa

    runs = runs_table()
    return sa.select(runs.c.workflow_name, runs.c.identity, runs.c.state).where(runs.c.id.in_(latest_numbers()))


@lru_cache(maxsize=1)
def latest_ends() -> sa.Select[Any]:
    """Select (workflow name, identity, state, ended, notebooks, data) of those records."""
    import sqlalchemy as sa

    runs = runs_table()
    columns = (runs.c.workflow_name, runs.c.identity, runs.c.state, runs.c.ended, runs.c.notebooks, runs.c.data)
    return sa.select(*columns).where(runs.c.id.in_(latest_numbers()))


@lru_cache(maxsize=4)
def latest_records(values: tuple[str, ...]) -> sa.Select[Any]:
    """Select the `record_columns` of the latest run of each instance, without partial runs."""
    import sqlalchemy as sa

    return sa.select(*record_columns(values)).where(runs_table().c.id.in_(_newest_whole()))


@lru_cache(maxsize=1)
def latest_cells() -> sa.Select[Any]:
    """Select the values of a ``LatestCell`` for the runs of `latest_records`."""
    import sqlalchemy as sa

    runs = runs_table().c
    columns = (runs.workflow_name, runs.identity, runs.instance, runs.reference_date, runs.parameter_set)
    return sa.select(*columns, runs.state, runs.light).where(runs.id.in_(_newest_whole())).order_by(runs.id)


def _newest_whole() -> sa.Select[Any]:
    import sqlalchemy as sa

    runs = runs_table().c
    whole = runs.state != RunState.PARTIAL
    return sa.select(sa.func.max(runs.id)).where(whole).group_by(runs.workflow_name, runs.instance)


@lru_cache(maxsize=1)
def latest_unhashed() -> sa.Select[Any]:
    """Select (workflow name, identity, instance) of the `latest_numbers` without hashes of their notebooks."""
    import sqlalchemy as sa

    runs = runs_table()
    columns = (runs.c.workflow_name, runs.c.identity, runs.c.instance)
    return sa.select(*columns).where(runs.c.id.in_(latest_numbers()), runs.c.notebooks.is_(None))


@lru_cache(maxsize=1)
def of_no_entry() -> sa.Select[Any]:
    """Select (workflow name, identity) of instances that were only started by hand for no entry of the sensor, or as a retry
    of such a run."""
    import sqlalchemy as sa

    runs = runs_table()
    by_hand = runs.c.reason.in_(sentences_of(ReasonKind.BY_HAND_FOR_NO_ENTRY))
    retried = runs.c.reason.in_(sentences_of(ReasonKind.RETRIED))
    other = sa.or_(runs.c.reason.is_(None), sa.not_(sa.or_(by_hand, retried)))
    return (
        sa.select(runs.c.workflow_name, runs.c.identity)
        .group_by(runs.c.workflow_name, runs.c.identity)
        .having(sa.func.sum(sa.case((by_hand, 1), else_=0)) > 0, sa.func.sum(sa.case((other, 1), else_=0)) == 0)
    )


@lru_cache(maxsize=1)
def failures_since_success() -> sa.Select[Any]:
    """Select (workflow name, identity, failures since the last success or skip) of each instance with failures."""
    import sqlalchemy as sa

    runs = runs_table()
    before = runs.alias("before")
    succeeded = (
        sa.select(before.c.workflow_name, before.c.identity, sa.func.max(before.c.id).label("id"))
        .where(before.c.state.in_((RunState.SUCCEEDED, RunState.SKIPPED)))
        .group_by(before.c.workflow_name, before.c.identity)
        .subquery()
    )
    same = sa.and_(succeeded.c.workflow_name == runs.c.workflow_name, succeeded.c.identity == runs.c.identity)
    return (
        sa.select(runs.c.workflow_name, runs.c.identity, sa.func.count())
        .select_from(runs.outerjoin(succeeded, same))
        .where(runs.c.state == RunState.FAILED, runs.c.id > sa.func.coalesce(succeeded.c.id, 0))
        .group_by(runs.c.workflow_name, runs.c.identity)
    )

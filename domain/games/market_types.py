"""The markets that a sheet offers, by the names that do not change with its wording."""

from enum import StrEnum


class MarketType(StrEnum):
    """What is bet on (notes on football, section 3)."""

    RESULT = "1X2"
    DOUBLE_CHANCE = "double_chance"
    DRAW_NO_BET = "draw_no_bet"
    BOTH_TEAMS_TO_SCORE = "both_teams_to_score"
    TOTAL_GOALS = "total_goals"
    HANDICAP = "handicap_3way"
    TO_QUALIFY = "to_qualify"
    CUP_WINNER = "cup_winner"
    TOTAL_GOALS_RANGE = "total_goals_range"
    RESULT_AND_TOTAL_GOALS = "result_and_total_goals"
    RESULT_AND_BOTH_SCORE = "result_and_btts"
    BOTH_SCORE_AND_TOTAL_GOALS = "btts_and_total_goals"
    HALF_TIME_FULL_TIME = "half_time_full_time"
    PLAYER_TO_SCORE = "player_to_score"
    FIRST_TEN_MINUTES_RESULT = "first_10_minutes_result"
    ODD_EVEN_GOALS = "odd_even_goals"
    BOTH_HALVES_OVER = "both_halves_over"
    BOTH_HALVES_UNDER = "both_halves_under"
    HIGHEST_SCORING_HALF = "highest_scoring_half"
    FIRST_GOAL = "first_goal"
    WIN_BOTH_HALVES = "win_both_halves"
    TOTAL_CORNERS = "total_corners"
    MOST_CORNERS = "most_corners"
    TOTAL_CARDS = "total_cards"
    MOST_CARDS = "most_cards"
    BOTH_TEAMS_CARDED = "both_teams_carded"
    PENALTY_AWARDED = "penalty_awarded"
    RED_CARD = "red_card"
    OWN_GOAL = "own_goal"
    TOTAL_SHOTS = "total_shots"
    TOTAL_SHOTS_ON_TARGET = "total_shots_on_target"
    EXTRA_TIME_AND_GOAL = "extra_time_and_goal"
    DECIDED_ON_PENALTIES = "decided_on_penalties"
    UNKNOWN = "unknown"


class Period(StrEnum):
    """The part of the game that a market is about."""

    FULL_TIME = "FT"
    FIRST_HALF = "1H"
    SECOND_HALF = "2H"
    FIRST_TEN_MINUTES = "0-10"
    EXTRA_TIME_INCLUDED = "FT+ET"
    EXTRA_TIME = "ET"
    PENALTIES = "PEN"


class Scope(StrEnum):
    """Whose doing a market is about."""

    MATCH = "match"
    HOME = "home"
    AWAY = "away"
    PLAYER = "player"

"""The three steps of docs/postgres-face.md with the demo's flights, and a chart of the answer: URL of the face, picture to write."""

import sys

import matplotlib
import pandas
import sqlalchemy

matplotlib.use('agg')

url, picture = sys.argv[1:]
engine = sqlalchemy.create_engine(url)
question = """select date_trunc('week', departed_at) as week, origin, count(*) as flights
  from flights where departed_at < date_trunc('week', now()) group by 1, 2 order by 1, 2"""
weeks = pandas.read_sql(sqlalchemy.text(question), engine)
border = pandas.read_sql(sqlalchemy.text('select min(departed_at) as hot_from from hot.flights'), engine)['hot_from'][0]

busiest = weeks.groupby('origin')['flights'].sum().nlargest(5).index
# The first week has begun before the rows do.
shown = weeks[weeks['origin'].isin(busiest) & (weeks['week'] > weeks['week'].min())]
chart = shown.pivot(index='week', columns='origin', values='flights').plot(
    figsize=(9, 4.5), ylim=(0, None), title='Flights a week from the five busiest: one SELECT over hot and cold'
)
chart.axvspan(shown['week'].min(), border, color='tab:blue', alpha=0.06, label='cold: in the lake')
chart.axvspan(border, shown['week'].max(), color='tab:orange', alpha=0.12, label='hot: in PostgreSQL')
chart.set_xlabel('')
chart.set_ylabel('flights')
chart.legend(loc='lower left', ncols=4, fontsize='small')
chart.figure.tight_layout()
chart.figure.savefig(picture, dpi=110)

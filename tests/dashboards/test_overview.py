from tests.dashboards.app import check_quiet, open_page


def test_the_demo_opens():
    app = open_page("overview")
    check_quiet(app)
    assert app.title[0].value == "Overview"
    cards = {one.label: one.value for one in app.metric}
    assert cards["Checkpoints"] == "3" and cards["Facts"] == "1,004"

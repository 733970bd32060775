"""Words that tell a place or a person from a thing: enough to ask fitting questions, not a gazetteer."""

from __future__ import annotations

from murakkab_runtimes.text.words import word_set

PLACES = word_set(
    """
    africa antarctica asia europe america north_america south_america australia oceania alaska california
    hawaii texas afghanistan albania algeria argentina armenia austria bangladesh belgium bolivia brazil
    bulgaria cambodia cameroon canada chile china colombia croatia cuba cyprus denmark ecuador egypt england
    estonia ethiopia fiji finland france georgia germany ghana greece greenland guatemala hungary iceland
    india indonesia iran iraq ireland israel italy jamaica japan jordan kazakhstan kenya korea kuwait laos
    latvia lebanon libya lithuania luxembourg madagascar malaysia mali malta mexico moldova mongolia morocco
    mozambique myanmar namibia nepal netherlands new_zealand nicaragua niger nigeria norway oman pakistan
    palestine panama paraguay peru philippines poland portugal qatar romania russia rwanda scotland senegal
    serbia singapore slovakia slovenia somalia south_africa spain sri_lanka sudan sweden switzerland syria
    taiwan tanzania thailand tibet tunisia turkey uganda ukraine united_kingdom united_states uruguay
    uzbekistan venezuela vietnam wales yemen zambia zimbabwe amsterdam athens baghdad bangkok barcelona
    beijing berlin bogota boston budapest buenos_aires cairo chicago copenhagen damascus delhi dublin
    edinburgh florence hong_kong istanbul jakarta jerusalem karachi kyoto lagos lima lisbon london
    los_angeles madrid manila melbourne mexico_city miami milan moscow mumbai munich nairobi naples new_york
    new_york_city oslo paris petra pompeii prague rome san_francisco santiago seattle seoul shanghai
    stockholm sydney tehran tokyo toronto venice vienna warsaw washington zurich alps amazon andes arctic
    atlantis balkans caribbean caucasus crimea himalayas mars mediterranean moon patagonia pluto sahara
    siberia stonehenge timbuktu venus jupiter saturn
    """
)

GIVEN_NAMES = word_set(
    """
    abraham ada adam agatha alan albert alexander alexandra alfred alice amelia ana andrew angela anna anne
    annie anthony antonio aretha aristotle arthur audrey august barack barbara benjamin bernard bill bob
    bruce camille carl carlo carlos caroline catherine cesar charles charlie charlotte che chinua
    christopher claude clara cleopatra confucius daniel dante david diana diego dmitri dorothy edgar edith
    edward elena eleanor elizabeth ella emily emma emmy enrico ernest eva ferdinand fidel florence francis
    frank franklin franz frederick frida friedrich fyodor gabriel galileo genghis george giuseppe giordano
    gottfried grace greta gustav hannah hans harriet hector helen henri henry hermann hildegard homer howard
    hypatia ibn ida igor immanuel indira isaac isabel isabella jack jackie jacques james jan jane janis jean
    jesse jimi joan johann johannes john jonas jorge jose joseph josephine juan judith jules julia julius
    karl katherine ken kurt lady laura leo leon leonardo leonhard lewis lin linus lise louis louisa lucy
    ludwig luis lyndon mahatma malala malcolm marco margaret maria marie marilyn mark martin mary maryam
    matilda maurice max maya michael michelangelo miguel mikhail miles miriam mohandas mozart muhammad nadia
    napoleon neil nelson niccolo nicolaus niels nikola noam octavia olga oscar pablo paul peter pierre plato
    rachel ralph ray rembrandt rene richard robert roger ronald rosa rosalind ruth sally salvador samuel
    sarah sigmund simon simone sofia sophie srinivasa stephen steve steven susan sylvia theodore thomas tim
    toni ursula valentina vera victor victoria vincent virginia vladimir voltaire walt walter werner wilhelm
    will william winston wolfgang zaha zora
    """
)

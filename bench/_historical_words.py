"""Words of which made-up historical persons are made (bench/_historical.py)."""

from __future__ import annotations


def words(text: str, mark: str | None = None) -> list[str]:
    return [word.strip() for word in text.split(mark)]


MALE = words(
    """
    john william thomas james george charles henry robert edward joseph richard samuel arthur david alexander
    frederick peter walter francis benjamin daniel alfred hugh andrew edmund philip ernest michael harry herbert
    albert stephen patrick matthew martin percy ralph anthony leonard archibald reginald nicholas sidney cecil lewis
    christopher gilbert harold simon isaac jonathan eric roger douglas allan humphrey theodore cuthbert godfrey
    lawrence nathaniel oliver horace rupert bertram edwin augustus donald norman gerald stanley bernard roland
    ambrose jeremiah abraham tobias valentine silas
    """
)
FEMALE = words(
    """
    mary elizabeth anne margaret sarah jane catherine alice eleanor florence emily charlotte frances edith caroline
    dorothy helen harriet louisa ethel ellen martha isabella maria susan emma lucy agnes amelia annie rose beatrice
    gertrude constance mabel winifred violet rachel julia maud rebecca hannah matilda kathleen phyllis sophia clara
    lilian barbara evelyn rosamund cecilia henrietta georgina
    """
)
NICK = {
    "john": "jack johnny",
    "william": "will bill willie billy",
    "thomas": "tom tommy",
    "james": "jim jamie jimmy",
    "charles": "charlie chas",
    "henry": "harry hal",
    "robert": "bob rob bobby",
    "edward": "ted ned eddie",
    "joseph": "joe",
    "richard": "dick rick",
    "samuel": "sam",
    "david": "dave davy",
    "alexander": "alec alex sandy",
    "frederick": "fred freddie",
    "francis": "frank",
    "benjamin": "ben",
    "daniel": "dan",
    "alfred": "alf fred",
    "andrew": "andy",
    "michael": "mick mike",
    "albert": "bert",
    "matthew": "matt",
    "anthony": "tony",
    "reginald": "reg reggie",
    "nicholas": "nick",
    "christopher": "kit chris",
    "theodore": "theo ted",
    "lawrence": "larry",
    "nathaniel": "nat",
    "oliver": "noll",
    "gerald": "gerry",
    "mary": "molly polly",
    "elizabeth": "bess betty eliza lizzie",
    "anne": "nancy annie",
    "margaret": "peggy maggie meg",
    "sarah": "sally sadie",
    "jane": "jenny",
    "catherine": "kate kitty",
    "eleanor": "nell nora",
    "charlotte": "lottie",
    "frances": "fanny",
    "dorothy": "dolly dot",
    "harriet": "hattie",
    "martha": "patty",
    "isabella": "bella",
    "susan": "sue",
    "emma": "em",
    "rebecca": "becky",
    "matilda": "tilly",
    "henrietta": "hetty",
    "arthur": "art",
    "george": "georgie",
}
SURNAMES = words(
    """
    smith jones williams brown taylor davies wilson evans thomas johnson roberts walker wright robinson thompson
    white hughes edwards green hall wood harris lewis martin jackson clarke clark turner hill cooper ward moore
    scott king watson baker morris allen mitchell young campbell macdonald stewart murray hamilton gordon graham
    fraser grant douglas bruce russell howard percy stanley cavendish
    """
)
HEAD = words(
    """
    ash brad wood hart lang thorn black white stan ked wal nor mar all bar bel ben bick blen brock bur cal chat clif
    col cor cran crow dal den dun ed ell farn fen field gar gil glad gran hal ham har hat haw hay her hol hud hun
    kel ken king kirk lan led ley lin lock long mal mel mid mil mor new old or pem pen rad raw red rich rom row rud
    sand sel sher skel stam stock stret sut swin tar tem tol tun under up wake war wat wes wil win wy
    """
)
TAIL = words(
    """
    ford ton ley worth son well wick ham by den field brook ridge more land man court house combe hurst stead
    thwaite ing shaw gate cott bury
    """
)
PLACE_TAIL = [
    "ton",
    "ham",
    "bury",
    "ford",
    "mouth",
    "chester",
    "by",
    "wick",
    "minster",
    "port",
    "stead",
    "combe",
    "dale",
]
WORK = words(
    """
    politician; writer; painter; cricketer; footballer; actor; poet; clergyman; lawyer; engineer; physician;
    soldier; composer; botanist; architect; novelist; military officer; journalist; historian; mathematician;
    sculptor; rugby player; explorer; naval officer; engraver; geologist; surgeon; printer; photographer; economist;
    judge; missionary; diplomat; chemist; physicist; philosopher; astronomer; musician; singer; trade unionist;
    merchant; antiquarian; entomologist; zoologist; banker; inventor; theologian; organist; tennis player; golfer;
    aristocrat; illustrator; publisher; linguist; colonial administrator
    """,
    ";",
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"

#: other forms of a given name in other languages
TONGUES = {
    "john": "johann jean giovanni juan jan ioannes",
    "william": "wilhelm guillaume guglielmo willem",
    "james": "jacques giacomo jakob jacobus",
    "george": "georg georges giorgio jorge",
    "charles": "karl carlo carlos carolus",
    "henry": "heinrich henri enrico hendrik",
    "joseph": "josef giuseppe jose",
    "francis": "franz francois francesco francisco",
    "frederick": "friedrich frederic federico",
    "peter": "pierre pietro pedro petrus",
    "andrew": "andreas andre andrea",
    "michael": "michel michele miguel",
    "anthony": "anton antoine antonio",
    "stephen": "stefan etienne stefano",
    "philip": "philipp philippe filippo felipe",
    "lewis": "ludwig louis luigi",
    "mary": "maria marie",
    "elizabeth": "elisabeth isabelle elisabetta",
    "anne": "anna ana",
    "margaret": "margarete marguerite margherita",
    "catherine": "katharina caterina catalina",
    "helen": "helene elena",
    "jane": "johanna jeanne giovanna juana",
    "frances": "franziska francoise francesca",
}
#: what an occupation may be called at a finer or a coarser grain
GRAINS = {
    "politician": "member of parliament; statesman; public servant",
    "writer": "author; essayist; man of letters",
    "painter": "artist; landscape painter; portrait painter",
    "cricketer": "sportsperson; first class cricketer",
    "footballer": "sportsperson; association football player",
    "actor": "stage actor; performer",
    "poet": "writer; author",
    "clergyman": "priest; anglican priest; vicar",
    "lawyer": "barrister; solicitor; jurist",
    "engineer": "civil engineer; mechanical engineer",
    "physician": "doctor; surgeon; medical writer",
    "soldier": "military personnel; army officer",
    "military officer": "soldier; army officer; military personnel",
    "naval officer": "military personnel; sailor",
    "botanist": "scientist; naturalist; plant collector",
    "novelist": "writer; author",
    "sculptor": "artist; visual artist",
    "rugby player": "sportsperson; rugby union player",
    "composer": "musician; pianist",
    "chemist": "scientist; natural philosopher",
    "historian": "writer; scholar",
}

"""Closed lists: diets, relations, animals, languages, nations, instruments, conditions, makes of cars."""

from __future__ import annotations

from engram_core.ingest.learn.rules.vocabulary.lists import words

DIETS = (
    r"vegetarian|vegan|pescatarian|pescetarian|flexitarian|omnivore|carnivore|halal|kosher|keto|paleo|gluten[- ]free"
    r"|dairy[- ]free|lactose[- ]free|plant[- ]based|raw vegan|low[- ]carb|veggie"
)
#: Said of the family.
RELATIONS = (
    r"mother|mom|mum|mama|bro|sis|stepson|stepdaughter|father|dad|papa|sister|brother|son|daughter|aunt|auntie|uncle|cousin|grandmother|grandma|granny|nan"
    r"|grandfather|grandpa|grandad|granddad|grandson|granddaughter|niece|nephew|twin|baby|stepson|stepdaughter|stepmother"
    r"|stepmom|stepfather|stepdad|stepsister|stepbrother|godson|goddaughter|godmother|godfather|mother-in-law"
    r"|father-in-law|sister-in-law|brother-in-law|son-in-law|daughter-in-law|kid|child|toddler|eldest|youngest|oldest|firstborn"
)
PARTNERS = r"wife|husband|partner|girlfriend|boyfriend|fiancée|fiancé|fiancee|fiance|spouse|other half|gf|bf"
FRIENDS = r"best friend|friend|bestie|bff|best mate|mate|buddy"
#: Whom one knows otherwise.
OTHERS = (
    r"boss|manager|supervisor|lodger|carer|accountant|physiotherapist|physio|tutor|dentist|lawyer|solicitor|gp|doctor|colleague|coworker|co-worker|roommate|flatmate|housemate|neighbour|neighbor|landlord"
    r"|landlady|therapist|teacher|coach|au pair|nanny|mentor|business partner"
)
SPECIES = (
    r"dog|cat|puppy|kitten|pup|kitty|rabbit|bunny|hamster|guinea pig|parrot|budgie|canary|bird|fish|goldfish|turtle|tortoise"
    r"|snake|lizard|gecko|horse|pony|ferret|rat|mouse|chicken|hen|rooster|duck|goose|goat|sheep|pig|cow|alpaca|llama"
    r"|labrador|lab|poodle|beagle|terrier|greyhound|corgi|dachshund|golden retriever|retriever|german shepherd|shepherd"
    r"|husky|pug|spaniel|collie|whippet|bulldog|boxer|chihuahua|pitbull|dalmatian|rottweiler|mutt|tabby|siamese|ragdoll"
    r"|maine coon|parakeet|cockatiel|cockatoo|iguana|hedgehog|donkey|chinchilla|gerbil|axolotl|bearded dragon|tarantula"
    r"|python|gerbil|macaw|finch|pigeon|border collie|goldendoodle|labradoodle|cockapoo|shih tzu|sausage dog"
)
#: What is kept in numbers.
FLOCKS = words(
    """bees chickens hens ducks geese goats sheep pigs cows alpacas llamas horses ponies pigeons rabbits snails fish
    axolotls quail donkeys turtles tortoises snakes geckos ferrets"""
)
LANGUAGES = words(
    """english spanish french german portuguese italian dutch swedish norwegian danish finnish polish czech russian ukrainian
    greek turkish arabic hebrew hindi urdu bengali punjabi gujarati marathi telugu kannada malayalam nepali sinhala mandarin
    cantonese chinese japanese korean vietnamese thai lao khmer burmese swahili zulu xhosa yoruba igbo hausa amharic somali
    afrikaans romanian hungarian catalan basque galician irish welsh gaelic breton persian farsi dari pashto kurdish tamil
    tagalog filipino indonesian malay javanese icelandic estonian latvian lithuanian slovak slovene slovenian croatian
    serbian bosnian bulgarian macedonian albanian armenian georgian azerbaijani kazakh uzbek mongolian latin esperanto
    asl bsl wolof fula twi akan ewe oromo tigrinya shona ndebele sesotho setswana lingala kinyarwanda luganda kikuyu malagasy
    berber tamazight kabyle cebuano ilocano sundanese hokkien hakka shanghainese taiwanese uyghur tibetan kyrgyz turkmen tatar
    assamese odia sindhi konkani romansh romani sardinian sicilian neapolitan corsican occitan faroese greenlandic inuktitut
    cree navajo cherokee guarani aymara nahuatl creole papiamento samoan tongan fijian scots cornish manx tajik chechen yiddish maltese luxembourgish flemish frisian maori hawaiian quechua"""
)
_NATIONS = """american british english scottish welsh irish canadian australian german french spanish portuguese italian
    dutch belgian swiss austrian swedish norwegian danish finnish icelandic polish czech slovak slovenian russian
    ukrainian belarusian greek turkish cypriot maltese bulgarian romanian hungarian croatian serbian bosnian albanian
    macedonian estonian latvian lithuanian indian pakistani bangladeshi nepali nepalese chinese taiwanese japanese korean
    vietnamese thai filipino filipina indonesian malaysian singaporean brazilian mexican argentinian argentine chilean
    colombian peruvian venezuelan ecuadorian bolivian uruguayan cuban dominican jamaican nigerian ghanaian kenyan ethiopian
    somali ugandan tanzanian egyptian moroccan algerian tunisian israeli palestinian lebanese syrian iraqi iranian jordanian
    saudi afghan armenian georgian kazakh uzbek mongolian"""
NATIONALITIES = "|".join(_NATIONS.split()) + "|south african|new zealander|sri lankan|costa rican|puerto rican|kiwi"
PLAYED = (
    r"(?:classical |acoustic |jazz |first |second |lead |rhythm |church |pipe )?(?:piano|guitar|violin|organ)|electric guitar|bass guitar|double bass|bass|drums|violin|viola|cello|flute|clarinet|oboe|bassoon|saxophone|sax"
    r"|trumpet|trombone|tuba|french horn|harp|harmonica|recorder|ukulele|banjo|mandolin|accordion|organ|keyboards|bagpipes|theremin"
    r"|fiddle|sitar|lute|football|soccer|tennis|basketball|volleyball|beach volleyball|badminton|squash|padel|pickleball|golf"
    r"|hockey|ice hockey|field hockey|rugby|cricket|baseball|softball|handball|netball|lacrosse|table tennis|ping pong"
    r"|chess|poker|bridge|water polo|darts|billiards|snooker|pool|ultimate frisbee|d&d|dungeons (?:and|&) dragons"
)
SPORTS = (
    r"yoga|pilates|judo|karate|taekwondo|aikido|jiu[- ]jitsu|bjj|boxing|kickboxing|muay thai|crossfit|gymnastics|ballet|salsa"
    r"|tango|zumba|archery|fencing|climbing|bouldering|running|swimming|cycling|hiking|skiing|snowboarding|surfing|sailing|rowing"
    r"|kayaking|diving|scuba diving|horse riding|horseback riding|skateboarding|ice skating|fishing|dancing|birdwatching"
    r"|jogging|powerlifting|weightlifting|triathlons?|marathons?|parkour|tai chi|meditation|crosswords?|sudoku|pottery|ceramics|origami"
    r"|calligraphy|embroidery|knitting|crochet|crocheting|quilting|sewing|woodworking|gardening|baking|photography|painting"
    r"|watercolou?rs?|drawing|geocaching|stargazing|astronomy|beekeeping|homebrewing|foraging|blogging|improv|standup"
)
#: Long-lasting ones, as they stand after "I have".
CONDITIONS = (
    r"type (?:1|2|one|two) diabetes|diabetes|asthma|adhd|add|autism|irritable bowel(?: syndrome)?|a broken (?:leg|arm|wrist|ankle|collarbone|foot|toe|finger|rib)|arthritis|rheumatoid arthritis|osteoarthritis|migraines?"
    r"|epilepsy|eczema|psoriasis|rosacea|ibs|crohn'?s(?: disease)?|ulcerative colitis|c(?:o)?eliac(?: disease)?|endometriosis"
    r"|pcos|fibromyalgia|lupus|ms|multiple sclerosis|parkinson'?s(?: disease)?|high blood pressure|hypertension|low blood pressure"
    r"|high cholesterol|gout|pseudogout|hypothyroidism|hyperthyroidism|hashimoto'?s(?: disease)?|tinnitus|glaucoma|scoliosis"
    r"|osteoporosis|sciatica|sleep apn(?:o)?ea|insomnia|narcolepsy|dyslexia|dyscalculia|dyspraxia|ocd|ptsd|bipolar disorder"
    r"|an anxiety disorder|generali[sz]ed anxiety disorder|acid reflux|gerd|hay fever|an(?:a)?emia|h(?:a)?emophilia|pots"
    r"|chronic fatigue(?: syndrome)?|long covid|a pacemaker|a heart murmur|cystic fibrosis|sickle cell(?: disease)?|vertigo"
    r"|tourette'?s(?: syndrome)?|chronic back pain|chronic migraines?"
)
#: The same as adjectives, after "I am".
CONDITIONED = (
    r"(?:type (?:1|2|one|two) )?diabetic|asthmatic|autistic|dyslexic|dyspraxic|epileptic|bipolar|colou?r[- ]?blind|deaf|hard of hearing"
    r"|legally blind|left[- ]handed|blind|partially sighted|visually impaired|hearing[- ]impaired|wheelchair[- ]bound|ambidextrous|an(?:a)?emic|neurodivergent|prediabetic|pre-diabetic|hypothyroid"
)
#: Makes of cars, and models that go by their own name.
CARS = (
    r"toyota|honda|ford|chevrolet|chevy|nissan|mazda|subaru|mitsubishi|suzuki|hyundai|kia|volkswagen|vw|audi|bmw|mercedes|porsche|opel"
    r"|vauxhall|skoda|škoda|seat|cupra|renault|peugeot|citro[eë]n|dacia|fiat|alfa romeo|volvo|saab|tesla|polestar|jaguar|land rover"
    r"|range rover|lexus|acura|infiniti|jeep|dodge|chrysler|cadillac|buick|gmc|lancia|byd|corolla|camry|prius|rav4|civic|cr-v"
    r"|golf gti|passat|polo|outback|forester|wrangler|f-150|silverado|fiesta|mondeo|corsa|astra|clio|yaris|leaf|miata"
)
DEVICES = (
    r"iphone|ipad|macbook|imac|mac mini|pixel|galaxy (?:s|a|z|note)\w*|thinkpad|chromebook|kindle|kobo|playstation|ps4|ps5|xbox"
    r"|steam deck|nintendo switch|apple watch|garmin|fitbit|airpods|raspberry pi|fairphone|oneplus|surface pro|remarkable"
)
FOODS = (
    r"(?:red |raw |processed |white )?meat|dairy|milk|gluten|wheat|sugar|pork|beef|lamb|veal|chicken|poultry|alcohol|wine|beer|nuts|peanuts|caffeine|coffee"
    r"|shellfish|seafood|fish|raw fish|eggs?|mushrooms|soy|soya|sesame|onions?|garlic|tomatoes|spicy food|bread|carbs|lactose|cheese"
    r"|butter|olives|cilantro|coriander|honey|corn|rice|pasta|chocolate|fruit|citrus|strawberries|kiwis?|bananas?|avocados?|celery|tree nuts"
    r"|animal products|junk food|fast food|fried food|soda|shrimp|prawns|crab|lobster|legumes|beans|lentils|potatoes"
)
DWELLINGS = r"flat|apartment|house|room|studio|condo|place|cottage|townhouse|loft|two-bed|one-bed|bedsit|duplex|bungalow|maisonette"
TRADES = (
    r"bakery|caf[eé]|coffee shop|restaurant|shop|store|salon|company|business|start-?up|agency|studio|farm|gym|bar|pub|hotel"
    r"|b&b|bed and breakfast|workshop|practice|clinic|brewery|bookshop|bookstore|food truck|garage|vineyard|winery|nursery"
    r"|guesthouse|hostel|gallery|cinema|theatre|theater|launderette|laundromat|laundry|pharmacy|kiosk|campsite|stables?|school|museum|newspaper|magazine|charity|orchard|dairy|sawmill|forge|pottery|market stall|stall|cab firm|courier firm|bicycle courier firm|firm|publishing house|record label|warehouse|factory|nail bar|takeaway|pizzeria|bistro|dealership|boatyard|smallholding|fishing boat|allotment association|foundation|barbershop|butcher's|daycare|kindergarten|law firm|consultancy|band|choir|podcast|blog|newsletter"
)
#: What people have for years.
THINGS = (
    r"motorbike|motorcycle|scooter|moped|vespa|boat|sail(?:ing )?boat|dinghy|narrowboat|houseboat|canoe|kayak|yacht|caravan|camper ?van|motorhome|van|truck|tractor|bike|bicycle"
    r"|unicycle|tandem|piano|grand piano|guitar|drum kit|violin|cello|banjo|accordion|melodica|harmonium|allotment|greenhouse|garden|balcony|cottage|cabin|holiday home|summer house|chalet"
    r"|farm|vineyard|orchard|smallholding|sewing machine|loom|kiln|spinning wheel|telescope|3d printer|record player|turntable|air fryer|slow cooker|bread machine|pressure cooker|instant pot"
    r"|wood(?:-burning)? stove|hot tub|sauna|swimming pool|darkroom|wheelchair|hearing aids?|season ticket(?: (?:for|at|to) (?:the )?[\w' -]{2,25}?)?|(?:[\w'+&-]+ ){1,3}(?:subscription|membership)|subscription to [\w' -]{2,25}?"
    r"|boat licen[cs]e|driving licen[cs]e|driver's licen[cs]e|pilot's licen[cs]e"
)
#: What one belongs to.
GROUPS = (
    r"choir|band|orchestra|quartet|trio|ensemble|chorus|brass band|drama club|book club|reading group|walking group|running club|chess club|tennis club|rowing club|football club|rugby club|cricket club"
    r"|fencing club|swimming club|cycling club|quiz team|pub quiz team|team|rescue crew|crew|lifeboat crew|fire brigade|party|union|association|society|allotment association|committee|council|board|club|knitting circle|support group|writing group|gym|co-op|scouts|guides"
)

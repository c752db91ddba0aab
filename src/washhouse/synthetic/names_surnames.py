"""Surnames by community, the most frequent first."""

from __future__ import annotations

_BRITISH = """Smith Jones Williams Taylor Brown Davies Evans Wilson Thomas Roberts Johnson Lewis Walker
    Robinson Wood Thompson White Watson Jackson Wright Green Harris Cooper King Lee Martin Clarke James Morgan Hughes
    Edwards Hill Moore Clark Harrison Scott Young Morris Hall Ward Turner Carter Phillips Mitchell Patterson Adams
    Campbell Anderson Allen Cook Bailey Parker Miller Davis Murphy Price Bell Baker Griffiths Kelly Simpson Marshall
    Collins Bennett Cox Richardson Fox Gray Rose Chapman Hunt Robertson Shaw Reynolds Lloyd Ellis Richards Russell
    Wilkinson Khan Graham Stewart Reid Murray Powell Palmer Holmes Rogers Stevens Walsh Hunter Thomson Matthews Ross
    Owen Mason Knight Kennedy Butler Saunders Cole Pearce Dean Foster Harvey Hudson Gibson Mills Berry Barnes Pearson
    Kaur Booth Dixon Grant Gordon Lane Harper Ali Hart McDonald Brooks Carr Macdonald Hamilton Wells Fletcher Francis
    Payne Carpenter Burton Jenkins Armstrong Webb Ford Spencer Ryan Stone West Burke Bird Black Lawrence Andrews Watts
    Nicholson Hopkins Woods Barker Elliott Fisher Barrett Day Perry Austin Sutton Lawson Bradley Atkinson Hayes
    Chambers Dunn Willis Newman Bates Page Cunningham Riley Cross Porter Henderson Duncan Byrne Wallace Bishop Read
    Fuller Long Gilbert Miles Holland Nash Rhodes Byrne Gardner Potter Marsh Warren Sharp Frost Parsons Howard Hardy
    Bond Gregory Heath Blake Tucker Barton Walton Bowen Rowe Ball Moss Kay Cartwright Hodgson Ashton Birch Hargreaves
    Rimmer Molyneux Fazakerley Halsall Ainscough Tyrer Lunt Sephton Gerrard Kirkby Formby Maddox Culshaw Leatherbarrow
    Prescott Winstanley Unsworth Pilkington Ormerod Haslam Entwistle Duckworth Kershaw Schofield Butterworth Ogden
    Sykes Crossley Sutcliffe Greenwood Ackroyd Whitehead Barraclough Lumb Naylor Bottomley Holroyd Priestley Thackray
    Metcalfe Raistrick Coates Stead Dobson Robson Charlton Milburn Ridley Nixon Storey Liddle Hepburn Weir Forster
    Tait Laidlaw Bolton Whittaker Horrocks Seddon Hindley Fairhurst Gaskell Leigh Massey Cheetham Hulme Lomax Chadwick
    Crompton Hibbert Bardsley Wolstenholme Heyes Tootill Grundy Partington Brierley Jolley Swift Tinsley Bramley Fryer
    Gamble Dalton Yates Slater Bentley Pollard Norris Hope Savage Farrell Doyle Quinn Connolly Flynn Roche Daly Nolan
    Maguire Cassidy Boyle Kavanagh Whelan Brennan Keegan McGrath McCarthy McLoughlin O'Neill O'Connor O'Sullivan
    O'Reilly O'Donnell McKenna McMahon McGuire McEvoy McAllister Tierney Fallon Hanlon Lynch Moran Nield Ollerenshaw
    Peacock Quayle Rigby Sherlock Tattersall Upton Vickers Waterhouse Yarwood Alderson Beckett Cowley Dewhurst Eccles
    Fenton Garside Hesketh Ingham Jagger Kilburn Lockwood Mather Newsome Oldham Pickles Ramsden Sugden Thornton Varley
    Wadsworth Abbott Beaumont Clough Denton Earnshaw Firth Goodwin Hirst Illingworth Jessop Kitching Lister Mellor
    Nuttall Oates Peel Rawson Shackleton Townsend Uttley Verity Womersley"""
_IRISH = """Murphy Kelly Sullivan Walsh Smith O'Brien Byrne Ryan O'Connor O'Neill O'Reilly Doyle McCarthy
    Gallagher Doherty Kennedy Lynch Murray Quinn Moore McLoughlin O'Carroll Connolly Daly O'Connell Wilson Dunne Brennan
    Burke Collins Campbell Clarke Johnston Hughes Farrell Fitzgerald Brown Martin Maguire Nolan Flynn Thompson
    Callaghan O'Donnell Duffy Mahony Boyle Healy O'Shea White Sweeney Hayes Kavanagh Power McGrath Moran Brady Stewart
    Casey Foley Fitzpatrick O'Leary McDonnell Macmahon Donnelly Regan Donovan Burns Flanagan Mullan Barry Kane Robinson
    Cunningham Griffin Kenny Sheehan Ward Whelan Lyons Reid Graham Higgins Cullen Keane King Maher McKenna Bell Scott
    Hogan O'Keeffe Magee McNamara"""
_EUROPEAN = """Nowak Kowalski Wisniewski Wojcik Kowalczyk Kaminski Lewandowski Zielinski Szymanski
    Wozniak Dabrowski Kozlowski Jankowski Mazur Krawczyk Piotrowski Grabowski Pawlowski Michalski Popescu Popa Ionescu
    Dumitru Stan Stoica Gheorghe Radu Matei Constantin Marin Rossi Russo Ferrari Esposito Bianchi Romano Garcia
    Fernandez Gonzalez Rodriguez Lopez Martinez Silva Santos Ferreira Pereira Oliveira Costa Nagy Kovacs Toth Szabo
    Horvath Varga Novak Svoboda Dvorak Ivanov Petrov Dimitrov Georgiev Petrenko Kazlauskas Jankauskas Berzins Kalnins
    Muller Schmidt Weber Wagner Papadopoulos Jensen Larsen Dubois Moreau Laurent Sokolov Popov Kravchenko Bondarenko"""
_MUSLIM_ASIAN = """Khan Hussain Ahmed Ali Begum Mohammed Akhtar Iqbal Mahmood Shah Malik Bibi Miah Rahman
    Islam Uddin Mirza Chowdhury Khatun Hassan Rashid Aslam Hanif Javed Raja Butt Sheikh Siddiqui Qureshi Hussein
    Kauser Bi Parveen Aziz Rafiq Saleem Younis Yaqoob Zaman Haq Alam Hoque Ullah Choudhury Sultana Khanam Nessa Yasmin
    Latif Bashir Sadiq Nawaz Riaz Ashraf Arshad Tariq Chaudhry Ansari Abbasi Bhatti Dar Gul Jabbar Karim Lodhi Mughal
    Naz Pervez Rauf Sarwar Talib Wahid Zafar Kabir Talukdar Sikdar Mollah Bhuiyan"""
_INDIAN = """Patel Singh Kaur Shah Sharma Kumar Gupta Desai Mehta Joshi Verma Reddy Nair Iyer Rao Das
    Roy Sen Bose Gandhi Parmar Chauhan Solanki Mistry Rathod Modi Lad Gill Sandhu Dhillon Sidhu Grewal Bains Johal
    Atwal Sohal Dosanjh Bhogal Virdi Sagoo Mann Rai Thomas Mathew George Varghese Jacob Philip Fernandes D'Souza
    Pereira Perera Fernando Silva Sivakumar Thapa Gurung Rana Shrestha Menon Pillai Kapoor Chopra Malhotra Bhatia
    Arora Ahuja Agarwal Jain Naik Kulkarni"""
_AFRICAN = """Mensah Owusu Boateng Osei Asante Appiah Amoah Addo Okafor Okoye Eze Nwosu Obi Okeke
    Adeyemi Adebayo Ogunleye Oladipo Balogun Afolabi Adeleke Akintola Mohamed Ali Hassan Abdi Ahmed Warsame Farah Omar
    Yusuf Moyo Ncube Sibanda Dube Ndlovu Chikwanda Mutasa Banda Phiri Mwale Kamau Njoroge Otieno Odhiambo Tesfaye
    Bekele Haile Gebre Diallo Bah Jallow Ceesay Sesay Kamara Koroma Conteh Bangura Kone Traore Toure Mbeki Khumalo
    Kabongo Mukendi Tshibangu Okonkwo Onyango Achebe Danso Frimpong Gyamfi Sarpong"""
_CARIBBEAN = """Brown Campbell Williams Johnson Smith Clarke Francis Grant Thompson Gordon Reid Morgan
    Lewis James Bailey Davis Henry Joseph Charles Edwards Powell Wright Samuels Blake Walters Scott Stewart Simpson
    Anderson Allen Robinson Graham Barrett Beckford DaCosta Dixon Douglas Facey Forbes Hibbert Hinds Hylton Lawrence
    Lindo McFarlane McKenzie Miller Palmer Parchment Pinnock Richards Rowe Salmon Spence Sterling Thomas Walcott
    Watson Weekes Whyte Wilson Wray"""
_CHINESE = """Wong Chan Chen Li Wang Zhang Liu Lee Cheung Lam Leung Lau Ng Ho Tang Yang Huang Wu Zhao
    Zhou Xu Sun Ma Zhu Hu Guo Lin He Gao Luo Tsang Yip Cheng Kwok Fung Mak Tse Yeung Chow Hui Tam Yuen Chiu Man Pang
    Yau Siu Poon Lo Fong"""
_ARAB = """Ahmed Ali Mohamed Hassan Hussein Ibrahim Abdullah Saleh Mahmoud Khalil Mansour Nasser
    Haddad Khoury Said Salem Aziz Rahimi Ahmadi Hosseini Karimi Mohammadi Rezaei Jafari Moradi Rostami Kareem Rasheed
    Aziz Majeed Hamid Qadir Rashid Alhaj Alhassan Alsayed Farouk Zaki Sabri Amin Othman Yassin Bakr Shamsi Noori Popal
    Zadran Stanekzai Hotak Safi"""

_WORDS = {
    "british": _BRITISH,
    "irish": _IRISH,
    "european": _EUROPEAN,
    "muslim_asian": _MUSLIM_ASIAN,
    "indian": _INDIAN,
    "african": _AFRICAN,
    "caribbean": _CARIBBEAN,
    "chinese": _CHINESE,
    "arab": _ARAB,
}


_FIRST = """Ash Brad Thorn Hart Wood Lang Whit Brom Charl Clif Crom Den Fair Far Green Had Hal Ham Har Hather Hol Kings
    Lin Lock Marl Mid New Nor Oak Rad Rams Red Sand Shel Stan Stock Sut Thur Wal Wake Water Wes Wil Win Wool"""
_LAST = "ley ton well field worth ham ford wood bury more den by croft shaw stead"


def words(community: str) -> list[str]:
    """Return the surnames of a community; the British have a long tail of names of places."""
    common = _WORDS[community].split()
    if community != "british":
        return common
    first, last = _FIRST.split(), _LAST.split()
    return common + [first[n % len(first)] + last[n * 7 % len(last)] for n in range(15 * len(first)) if n % 2]
